#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/secret.h"
#include "fetcher/account_runner.h"
#include "fetcher/report.h"
#include "fetcher/worker_notes.h"
#include "processes/child.h"
#include "processes/note_socket.h"

namespace fermo::fetcher {

/// What came of a worker: a report, or why it could not begin.
struct WorkerEnd {
  Report report;
  std::optional<NotBegun> not_begun;
};

/// Fetches one account once in a process of its own, `fermo role fetch`, which is told nothing but that account's
/// errand and gets this process's environment. The process ends with this one. To be used on one thread, the one that
/// lives longest: where it ends, so does the process.
class Worker {
 public:
  using OnComplaint = std::function<void(std::string_view what)>;

  /// `observer` must outlive it, and is not told of the end.
  Worker(boost::asio::any_io_executor executor, Observer& observer, OnComplaint on_complaint);

  /// Once. A process that is lost is reported as such.
  boost::asio::awaitable<WorkerEnd> run(Secret errand);
  /// Ends run() soon: softly once the fetch has begun.
  void stop();

 private:
  bool start(const Secret& errand);
  boost::asio::awaitable<void> hear();
  boost::asio::awaitable<void> await_end();
  /// False: that was no note of a worker's.
  bool take(const processes::Note& note);
  bool take_decision(const processes::Note& note);
  bool take_advance(const processes::Note& note);
  WorkerEnd conclude();
  bool has_ended() const { return report_ || not_begun_; }

  Observer& observer_;
  OnComplaint on_complaint_;
  boost::asio::posix::stream_descriptor readable_;  ///< When there is a note.
  boost::asio::posix::stream_descriptor over_;      ///< When the process has ended.
  boost::asio::steady_timer lingering_;
  std::optional<processes::NoteSocket> notes_;
  std::shared_ptr<processes::Child> child_;
  WholeNotes whole_;
  std::uint64_t decisions_ = 0;
  bool begun_ = false;
  bool stopped_ = false;
  bool cut_ = false;        ///< It was killed, since it had not begun.
  bool senseless_ = false;  ///< It said what no worker says.
  std::string start_failure_;
  std::optional<Report> report_;
  std::optional<NotBegun> not_begun_;
};

}  // namespace fermo::fetcher
