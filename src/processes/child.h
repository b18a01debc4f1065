#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "processes/note_socket.h"

namespace fermo::processes {

/// The descriptor at which a child finds its end of the notes.
inline constexpr int note_descriptor = 3;
/// Where a child keeps what it was given to keep: above what it opens itself, so that it is the last that is closed.
inline constexpr int kept_descriptor = 512;

/// The kind of the first note to a child that a service manager started: with the descriptor that it is to keep.
inline constexpr std::uint8_t kept_note = 0;

/// Whose rights a process has.
struct Identity {
  uid_t user;
  gid_t group;  ///< And no other.
};

/// What a child sees of this process's environment.
enum class Environment {
  chosen,  ///< Nothing that could be a secret.
  ours,    ///< All of it, for a child that starts programs of the user's.
};

/// A process that this one started from its own program file, or had started. Killed when it is still running as this
/// is destroyed, or when the thread that started it ends.
class Child {
 public:
  /// Runs `fermo ARGUMENTS…` with `notes` as its descriptor 3, standard error as it is here, `kept` (may be
  /// none) as long as it lives, and nothing else that is open here; as `identity`, which takes root. A new image, not
  /// only a copy: it has a layout of memory of its own and nothing of what stands in ours. Errors: the system's.
  static Result<Child> start(const std::vector<std::string>& arguments, const Descriptor& notes, int kept = -1,
                             const std::optional<Identity>& identity = {},
                             Environment environment = Environment::chosen);

  /// The one that a service manager has started because of the connection `notes`; it ends when its notes do. It
  /// cannot be killed from here: no more can be said to it then. It may have ended by now, as one of start() may.
  /// `kept` as for start(). Errors: the system's.
  static Result<Child> behind(const NoteSocket& notes, int kept = -1);

  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)), connection_(std::move(other.connection_)) {}
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(connection_, other.connection_);
    return *this;
  }
  ~Child();

  /// -1 when it was started by a service manager.
  pid_t pid() const { return pid_; }
  void kill() const;
  /// Waits until it has ended; until it is reaped its number is nobody else's.
  void await_end() const;
  /// What waitpid(2) says of its end, which it waits for; nothing of one that a service manager has started. Call once.
  std::optional<int> reap();

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  explicit Child(Descriptor connection) : pid_(-1), connection_(std::move(connection)) {}
  pid_t pid_;
  Descriptor connection_;  ///< With one that was not started here.
};

/// "ended with code 3", "was killed by signal 11 (Segmentation fault)"; "ended" when there is no status.
std::string end_text(std::optional<int> status);

/// In a process that may have been started by a service manager, with the connection as its descriptor 3
/// (sd_listen_fds(3)): takes what it is to keep, and is like any other child from then on. False: it is of no use.
bool take_what_is_kept(const NoteSocket& notes);

}  // namespace fermo::processes
