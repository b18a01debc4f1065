#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "processes/child.h"
#include "processes/note_socket.h"
#include "processes/restart_pause.h"

namespace fermo::processes {

/// Keeps one child running: starts it, waits for its end, and starts it again. Thread-safe.
class Supervisor {
 public:
  struct Role {
    std::string name;
    std::vector<std::string> arguments;
    /// Gives a new process what it needs, by send() and receive() of this supervisor; returns when it is ready. False:
    /// it is of no use. On the supervisor's own thread, as report().
    std::function<bool(Supervisor&)> equip;
    /// Told in words how it ended, or why it could not be started, when nobody asked it to end.
    std::function<void(const std::string& how)> report;
    /// Where a service manager starts one for whoever connects; empty: it is started here.
    std::filesystem::path socket = {};
    std::optional<Identity> identity = {};  ///< Of one that is started here; nothing: our own.
    int kept = -1;  ///< A descriptor that each process keeps open as long as it lives; must outlive the supervisor.
  };

  explicit Supervisor(Role role) : role_(std::move(role)) {}
  ~Supervisor() { stop(); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Starts it, and watches it from then on. False: it did not become ready, and is not started again. Call once.
  bool start();
  /// Sends a note to it; false when it is not there at the moment.
  bool send(std::uint8_t kind, std::string_view payload = {}, const std::vector<Descriptor>& descriptors = {});
  /// Waits for a note from it; nothing when it ends. One thread at a time.
  std::optional<Note> receive();
  /// Waits for so long; whether receive() would not wait now: a note has come, or it has ended.
  bool has_something(std::chrono::milliseconds time_max);
  /// It is there: it was started, and has not ended.
  bool running() const;
  /// The number of the process; nothing when it is not there, or not known here.
  std::optional<pid_t> pid() const;
  /// Ends it at once: it is started again, unless its end is expected.
  void kill();
  /// It is about to end, and that is right: it is not started again.
  void expect_end();
  /// Waits until its end is expected.
  void await_expected_end();
  /// Waits for so long after its end was expected; whether it has ended, and is not started again.
  bool has_ended(std::chrono::milliseconds time_max);
  /// Closes its notes, which ends it, and waits until it has ended. False: it did not within
  /// `limits::process_end_time_max`, and was killed. May be called again.
  bool stop();

 private:
  /// What belongs to one process. Kept alive by whoever waits for a note.
  struct Running {
    Child child;
    NoteSocket notes;
  };

  Result<std::shared_ptr<Running>> begin() const;
  bool start_process();
  void watch();
  void await_end_of_process();
  bool wait_before_restart();
  std::shared_ptr<Running> current() const;

  const Role role_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Running> running_;
  std::optional<bool> first_;  ///< Whether it became ready when it was started for the first time.
  bool ending_ = false;
  RestartPause pause_;
  std::thread watcher_;
};

}  // namespace fermo::processes
