#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace fermo::server {

/// Writes lines to a descriptor on a thread of its own, so that nobody who has something to say waits for whoever reads
/// it: a pipe that nobody reads, a terminal that was stopped, a service manager that hangs. What cannot wait in memory
/// is lost, and counted. Each line goes in one write(2), for others may write to the same place; the descriptor may
/// block, and its flags, which are theirs too, stay as they are. Thread-safe.
class LogWriter {
 public:
  /// The line, with its end, that says how many were lost. `error`: of write(2); 0 when nobody read for too long. Never
  /// called twice at once.
  using Notice = std::function<std::string(std::size_t lines, int error)>;

  /// `descriptor` must stay open. At most `octets_max` wait.
  LogWriter(int descriptor, std::size_t octets_max, Notice notice);
  /// Waits for what is still to be written, at most `limits::log_flush_time_max`.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// `line` has its end. Returns at once.
  void put(std::string line);
  /// Waits until all that was put has been written or is lost; false when that takes longer.
  bool flush(std::chrono::milliseconds time_max);

 private:
  class Work;
  std::shared_ptr<Work> work_;
  std::thread thread_;
};

}  // namespace fermo::server
