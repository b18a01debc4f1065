#include "fetcher/command_target.h"

#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/limits.h"
#include "fetcher/file_ops.h"

namespace fermo::fetcher {
namespace {

using fetch::Error;

/// Fit for a terminal and a log line.
std::string printable(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  text.erase(std::find_if(text.rbegin(), text.rend(), [](char c) { return c != ' '; }).base(), text.end());
  return text;
}

Error from_status(int status) {
  switch (status) {
    case EX_DATAERR:
    case EX_NOUSER:
    case EX_NOHOST:
    case EX_UNAVAILABLE:
    case EX_NOPERM:
      return Error::refused;
    case EX_USAGE:
    case EX_NOINPUT:
    case EX_CANTCREAT:
    case EX_CONFIG:
    case 126:
    case 127:
      return Error::misused;  // what posix_spawn and shells give for a program that cannot be started
    default:
      return Error::deferred;
  }
}

}  // namespace

Result<std::unique_ptr<CommandTarget>> CommandTarget::open(Program program) {
  if (program.arguments.empty() || program.arguments.front().empty()) return Error::misused;
  std::string shown = program.arguments.front();
  return open(std::move(shown), std::make_unique<LocalRunner>(std::move(program)));
}

Result<std::unique_ptr<CommandTarget>> CommandTarget::open(std::string shown, std::unique_ptr<ProgramRunner> runner) {
  auto spool = Spool::make();
  if (!spool) return spool.error();
  auto printed = make_temporary_file();
  if (!printed) return printed.error();
  return std::unique_ptr<CommandTarget>(
      new CommandTarget(std::move(shown), std::move(runner), std::move(*spool), std::move(*printed)));
}

Result<fetch::Presence> CommandTarget::find(std::string_view) {
  return fetch::Presence::unknown;
}

Result<void> CommandTarget::begin(const fetch::Incoming& message) {
  name_ = message.name;
  line_ends_ = {};
  explanation_.clear();
  return spool_.cut(0);
}

Result<void> CommandTarget::append(std::string_view content) {
  line_ends_.convert(content, spool_.buffer());
  return spool_.flush_if_full();
}

void CommandTarget::abandon() {
  static_cast<void>(spool_.cut(0));
}

Result<void> CommandTarget::end() {
  line_ends_.finish(spool_.buffer());
  if (auto flushed = spool_.flush(); !flushed) return flushed;
  if (auto verified = spool_.verify(); !verified) return verified;
  const bool rewound = ::lseek(spool_.descriptor(), 0, SEEK_SET) == 0 && ::ftruncate(printed_.get(), 0) == 0 &&
                       ::lseek(printed_.get(), 0, SEEK_SET) == 0;
  if (!rewound) return fetch::from_errno(errno);
  const auto ended = runner_->run(name_, spool_.descriptor(), printed_.get());
  if (ended) return outcome(*ended);
  explanation_ = shown_ + " is out of reach: nobody knows how it ended";
  return ended.error();
}

Result<void> CommandTarget::outcome(const ProgramEnd& end) {
  if (end.not_started != 0) {
    explanation_ = shown_ + " could not be started: " + boost::system::system_category().message(end.not_started);
    return end.not_started == EAGAIN || end.not_started == ENOMEM ? Error::deferred : Error::misused;
  }
  if (end.timed_out) {
    explanation_ = shown_ + " was killed, since it took too long";
    return Error::deferred;
  }
  return outcome(end.status);
}

Result<void> CommandTarget::outcome(int wait_status) {
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) return {};
  explanation_ = shown_ + (WIFEXITED(wait_status) ? " ended with status " + std::to_string(WEXITSTATUS(wait_status))
                                                  : " was killed by signal " + std::to_string(WTERMSIG(wait_status)));
  if (const auto printed = read_at(printed_.get(), 0, limits::command_output_octets_max);
      printed && !printed->empty()) {
    explanation_ += ": " + printable(*printed);
  }
  return WIFEXITED(wait_status) ? from_status(WEXITSTATUS(wait_status)) : Error::deferred;
}

Result<std::string> CommandTarget::mark() {
  return shown_;
}

}  // namespace fermo::fetcher
