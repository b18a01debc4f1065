#include "auth/password_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "account/account.h"
#include "auth/error.h"
#include "auth/file_replacement.h"
#include "auth/password_hash.h"
#include "auth/password_line.h"
#include "base/limits.h"

namespace fermo::auth {
namespace {

/// Of one reading; a file of another format would fill the log.
constexpr std::size_t problems_reported_max = 20;
/// Readings of a file that somebody keeps writing to in place.
constexpr int readings_max = 5;

std::int64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

struct Contents {
  std::string text;
  FileIdentity identity;
  bool settled;
  bool readable_by_everybody;
};

Result<struct ::stat> status_of(const Descriptor& file) {
  struct ::stat status;
  if (::fstat(file.number(), &status) != 0) return error_code(from_errno(errno));
  return status;
}

/// Reads again while the file changes under the reading.
Result<Contents> read_contents(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) return error_code(from_errno(errno));
  for (int reading = 1;; ++reading) {
    const auto before = status_of(file);
    if (!before) return before.error();
    const std::int64_t started_ns = now_ns();
    auto text = read_whole(file, limits::password_file_octets_max);
    if (!text) return text.error();
    const auto after = status_of(file);
    if (!after) return after.error();
    const FileIdentity identity = identity_of(*before);
    const bool held_still = identity == identity_of(*after);
    if (!held_still && reading < readings_max) continue;
    return Contents{std::move(*text), identity, held_still && is_settled(identity, started_ns),
                    (before->st_mode & S_IROTH) != 0};
  }
}

bool is_storable(std::string_view hash) {
  const auto ends_field = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == ':'; };
  return std::ranges::none_of(hash, ends_field) && !hash_problem(hash);
}

/// The lines of one user in the text of a password file, first to last.
struct UserLine {
  std::size_t begin;
  std::size_t length;  ///< Without the LF.
  PasswordLine parts;
};
std::vector<UserLine> lines_of(std::string_view text, std::string_view canonical) {
  std::vector<UserLine> lines;
  for_each_line(text, [&](std::size_t begin, std::string_view line, std::uint32_t) {
    auto read = read_password_line(line);
    if (read.user && read.user->name == canonical) lines.push_back({begin, line.size(), std::move(*read.user)});
  });
  return lines;
}

}  // namespace

PasswordFile::PasswordFile(std::filesystem::path path, Report report)
    : path_(std::move(path)), report_(std::move(report)) {}

Result<std::shared_ptr<const PasswordTable>> PasswordFile::load() {
  auto reading = read_when_changed();
  if (!reading) return reading.error();
  if (reading->is_new) report(*reading);
  return std::move(reading->table);
}

Result<PasswordFile::Reading> PasswordFile::read_when_changed() {
  const std::lock_guard lock(mutex_);
  struct ::stat status;
  if (::stat(path_.c_str(), &status) != 0) return error_code(from_errno(errno));
  if (table_ && settled_ && identity_of(status) == identity_) return Reading{.table = table_};
  return read();
}

Result<PasswordFile::Reading> PasswordFile::read() {
  readings_.fetch_add(1);
  auto contents = read_contents(path_);
  if (!contents) return contents.error();
  auto table = std::make_shared<const PasswordTable>(std::move(contents->text), table_ ? table_->generation() + 1 : 1);
  identity_ = contents->identity;
  settled_ = contents->settled;
  if (table_ && table_->says_the_same_as(*table)) return Reading{.table = table_};
  table_ = std::move(table);
  return Reading{.table = table_, .is_new = true, .readable_by_everybody = contents->readable_by_everybody};
}

void PasswordFile::report(const Reading& reading) const {
  if (!report_) return;
  if (reading.readable_by_everybody) report_({0, "everybody on this machine may read it; chmod o= takes that away"});
  const auto problems = reading.table->problems();
  for (const auto& problem : problems.first(std::min(problems.size(), problems_reported_max))) report_(problem);
  if (problems.size() > problems_reported_max) {
    report_({0, "and " + std::to_string(problems.size() - problems_reported_max) + " more lines that are wrong"});
  }
}

Result<void> PasswordFile::add(std::string_view name, std::string_view hash) {
  const auto canonical = account::canonical_name(name);
  if (!canonical) return error_code(Error::invalid_name);
  if (!is_storable(hash)) return error_code(Error::unusable_hash);
  return change([&](std::string& text) -> Result<void> {
    if (!lines_of(text, *canonical).empty()) return error_code(Error::user_exists);
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    text.append(*canonical).append(":").append(hash).append("\n");
    return {};
  });
}

Result<void> PasswordFile::remove(std::string_view name) {
  const auto canonical = account::canonical_name(name);
  if (!canonical) return error_code(Error::no_such_user);
  return change([&](std::string& text) -> Result<void> {
    const auto lines = lines_of(text, *canonical);
    if (lines.empty()) return error_code(Error::no_such_user);
    // All of them: with the first alone gone, a duplicate would begin to count.
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) text.erase(line->begin, line->length + 1);
    return {};
  });
}

Result<void> PasswordFile::set_password(std::string_view name, std::string_view hash) {
  const auto canonical = account::canonical_name(name);
  if (!canonical) return error_code(Error::no_such_user);
  if (!is_storable(hash)) return error_code(Error::unusable_hash);
  return change([&](std::string& text) -> Result<void> {
    const auto lines = lines_of(text, *canonical);
    if (lines.empty()) return error_code(Error::no_such_user);
    const auto& [begin, length, parts] = lines.front();
    text.replace(begin + parts.hash_begin, parts.hash_end - parts.hash_begin, hash);
    return {};
  });
}

Result<void> PasswordFile::change(const std::function<Result<void>(std::string& text)>& edit) const {
  auto replacement = FileReplacement::begin(path_);
  if (!replacement) return replacement.error();
  auto current = replacement->current();
  if (!current) return current.error();
  std::string text = std::move(*current).value_or("");
  if (auto edited = edit(text); !edited) return edited;
  return replacement->commit(text);
}

}  // namespace fermo::auth
