#include "fermo/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include <boost/system/system_error.hpp>

#include "base/descriptor.h"
#include "processes/spawn.h"

namespace fermo::commands {
namespace {

using Clock = std::chrono::steady_clock;

error_code last_error() {
  return {errno, boost::system::system_category()};
}

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return last_error();
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Writing to a program that reads nothing must not end us.
class WithoutSigpipe {
 public:
  WithoutSigpipe() : before_(::signal(SIGPIPE, SIG_IGN)) {}
  ~WithoutSigpipe() { ::signal(SIGPIPE, before_); }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sighandler_t before_;
};

/// All of a secret fits into a pipe, so that this does not wait for the program.
void give(std::string_view input, Descriptor& to) {
  const WithoutSigpipe guard;
  while (!input.empty()) {
    const ssize_t put = ::write(to.get(), input.data(), input.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) break;
    input.remove_prefix(static_cast<std::size_t>(put));
  }
  to.close();
}

/// Everything up to the end or the limit; false when the time is over.
bool take(const Descriptor& from, std::string& output, std::size_t octets_max, Clock::time_point until) {
  output.assign(octets_max, '\0');
  std::size_t filled = 0;
  bool in_time = true;
  while (filled < octets_max) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    struct ::pollfd waiting{from.get(), POLLIN, 0};
    const int ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    in_time = ready != 0;
    if (ready <= 0) break;
    const ssize_t got = ::read(from.get(), output.data() + filled, octets_max - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  output.resize(filled);
  return in_time;
}

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

std::string ChildOutcome::text() const {
  if (timed_out) return "took too long";
  if (WIFEXITED(status)) return "ended with status " + std::to_string(WEXITSTATUS(status));
  return "was killed by signal " + std::to_string(WTERMSIG(status));
}

Result<ChildOutcome> run_child(std::vector<std::string> arguments, const std::string_view* input, std::string& output,
                               std::size_t output_octets_max, std::chrono::seconds time_max) {
  auto printed = make_pipe();
  if (!printed) return printed.error();
  auto fed = input == nullptr ? Result<Pipe>(Pipe()) : make_pipe();
  if (!fed) return fed.error();
  const auto process =
      processes::spawn({.arguments = std::move(arguments), .input = fed->read.get(), .output = printed->write.get()});
  if (!process) return process.error();
  fed->read.close();
  printed->write.close();
  if (input != nullptr) give(*input, fed->write);
  const bool in_time = take(printed->read, output, output_octets_max, Clock::now() + time_max);
  printed->read.close();
  if (!in_time) ::kill(*process, SIGKILL);
  return ChildOutcome{wait_for(*process), !in_time};
}

}  // namespace fermo::commands
