#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "base/result.h"
#include "runtime/blocking_pool.h"
#include "runtime/stream.h"
#include "runtime/watchdog.h"
#include "server/admission.h"
#include "server/environment.h"
#include "server/log_text.h"
#include "server/peer.h"

namespace fermo::server {

/// What a connection is made of.
struct Accepted {
  const Environment& environment;
  std::shared_ptr<const Settings> settings;
  runtime::Stream::Socket socket;
  Peer peer;
  config::Protocol protocol;
  std::string session_id;
  Admission::Ticket ticket;
};

/// The part of a connection that is the same for every protocol: the stream with its output buffer, the deadline, the
/// hop to a pool, draining, and the line in the log. A derived class obeys the steps of its protocol core in
/// converse(). Lives on one core and is to be used on that core's thread alone.
class Connection {
 public:
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The whole life of the connection. Throws nothing: what a library throws ends this session alone.
  Awaitable<void> run();

  /// Lets the session end at the next point where nothing is half done.
  void shut_down();
  /// Ends the session now, but for a job that is under way in a pool.
  void abort();
  /// The same, because others need the room.
  void evict();

 protected:
  explicit Connection(Accepted accepted);

  /// Obeys steps until the session is over.
  virtual Awaitable<void> converse() = 0;
  /// Gives back, in a pool, what the session holds of the store.
  virtual Awaitable<void> release() = 0;
  // What happens to the protocol core.
  virtual void shut_down_core() = 0;
  virtual void receive(std::string_view octets) = 0;
  virtual void end_of_input() = 0;
  virtual void expire_core() = 0;
  /// When the peer must have done something, if the wait for it begins now.
  virtual runtime::Watchdog::Clock::time_point deadline() const = 0;
  /// Adds what only this protocol knows to the line in the log.
  virtual void describe(LogLine& line) const = 0;

  /// Puts octets into the output buffer.
  void queue(std::string_view octets) { output_ += octets; }
  /// More waits to be sent than may: flush() before queuing more.
  bool output_full() const { return output_.size() > limits::output_octets_max; }
  /// Sends what is in the output buffer. False: that failed, which is noted, and the session is over.
  Awaitable<bool> flush();
  /// queue(), and flush() once there is much.
  Awaitable<bool> send(std::string octets);
  /// Flushes, reads once and tells the core what came of it. False: the session is over.
  Awaitable<bool> take_input();
  /// Flushes, and notes that the core ended the session. `cut_short`: the peer may still be sending and must not lose
  /// the reason to a reset, so it is heard out (limits::lingering_time_max).
  Awaitable<void> finish(std::string_view how, bool cut_short);
  /// Overwrites what read() gave: it may have been a password.
  static void forget_input(std::string_view octets);
  Awaitable<Result<void>> start_tls();

  /// Runs a job that blocks; see BlockingPool::run(). No deadline runs meanwhile: the peer is not to blame for our
  /// store.
  template <class Job>
  auto in_pool(runtime::BlockingPool& pool, Job job) -> Awaitable<std::invoke_result_t<Job&>> {
    working_ = true;
    auto running = pool.run(std::move(job));
    auto outcome = co_await std::move(running);
    working_ = false;
    co_return outcome;
  }

  /// Notes how the session ended, and why when that is not plain. The first note stands.
  void ended(std::string_view how, std::string why = {});
  /// Notes that the connection failed under an operation, or that a deadline of ours made it fail.
  void ended_by(const error_code& failure);
  /// The peer has shown who it is: the connection stays when there are too many.
  void keep() { ticket_.keep(); }

  runtime::Watchdog::Clock::time_point started_at() const { return started_at_; }
  const Settings& settings() const { return *settings_; }
  const Environment& environment() const { return environment_; }
  const Peer& peer() const { return peer_; }
  const std::string& session_id() const { return session_id_; }
  config::Protocol protocol() const { return protocol_; }
  bool tls_active() const { return stream_.tls_active(); }

 private:
  void expire();
  Awaitable<Result<void>> write();
  Awaitable<Result<std::string_view>> read();
  void watch() { watchdog_.set(deadline()); }
  Awaitable<void> close();
  void log_end();

  const Environment& environment_;
  const std::shared_ptr<const Settings> settings_;
  const Peer peer_;
  const config::Protocol protocol_;
  const std::string session_id_;
  Admission::Ticket ticket_;
  const runtime::Watchdog::Clock::time_point started_at_ = runtime::Watchdog::Clock::now();
  runtime::Stream stream_;
  runtime::Watchdog watchdog_;
  std::string output_;
  std::string tls_summary_;
  std::string end_;
  std::string why_;
  bool timed_out_ = false;
  bool aborted_ = false;
  bool working_ = false;
  bool lingers_ = false;
  bool told_to_end_ = false;  ///< shut_down() was called and read() has not yet given way to it.
};

/// "pop3", "pop3s", "lmtp": as `--listen` and the log name it.
std::string_view service_name(config::Protocol protocol);

}  // namespace fermo::server
