#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace fermo::processes {

/// The descriptor at which a child finds its end of the notes.
inline constexpr int note_descriptor = 3;
/// Where a child keeps what it was given to keep: above what it opens itself, so that it is the last that is closed.
inline constexpr int kept_descriptor = 512;

/// A process that this one started from its own program file. Killed when it is still running as this is destroyed, or
/// when the thread that started it ends.
class Child {
 public:
  /// Runs `fermo ARGUMENTS…` with `notes` as its descriptor 3, standard error as it is here, `kept` (may be
  /// none) as long as it lives, and nothing else that is open here. A new image, not only a copy: it has a layout of
  /// memory of its own and nothing of what stands in ours. Errors: the system's.
  static Result<Child> start(const std::vector<std::string>& arguments, const Descriptor& notes, int kept = -1);

  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~Child();

  pid_t pid() const { return pid_; }
  void kill() const;
  /// Waits until it has ended; until it is reaped its number is nobody else's.
  void await_end() const;
  /// What waitpid(2) says of its end, which it waits for. Call once.
  int reap();

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

/// "ended with code 3", "was killed by signal 11 (Segmentation fault)".
std::string end_text(int status);

}  // namespace fermo::processes
