#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "config/config.h"
#include "runtime/cores.h"
#include "server/admission.h"
#include "server/connection.h"
#include "server/environment.h"

namespace fermo::server {

/// Decides on each new connection, gives it a session, and knows all sessions that are under way.
class Reception {
 public:
  Reception(const Environment& environment, runtime::Cores& cores);
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

  /// For connections that come from now on. Any thread; call once before the first receive().
  void set_settings(std::shared_ptr<const Settings> settings);

  /// Takes over the descriptor of a new connection that is to live on `core`. On the thread of any core.
  void receive(std::size_t core, int fd, const Peer& peer, config::Protocol protocol);

  /// From now on `core` takes no connection; its sessions are told to end, or are ended. On that core's thread.
  void shut_down(std::size_t core);
  void abort(std::size_t core);

  /// Returns true when every core has been shut down and the last session has ended; false at `until`.
  bool wait_until_empty(std::chrono::steady_clock::time_point until);
  std::size_t sessions() const;

 private:
  /// What lives on one core; used on its thread alone.
  struct Core {
    std::unordered_map<std::string, std::shared_ptr<Connection>> connections;  ///< By session id.
    bool closed = false;
  };

  void welcome(std::size_t core, runtime::Stream::Socket socket, const Peer& peer, config::Protocol protocol);
  std::string reason_to_refuse(const Settings& settings, const Peer& peer, config::Protocol protocol,
                               const std::variant<Admission::Ticket, Admission::Refusal>& admitted) const;
  void refuse(runtime::Stream::Socket& socket, const Peer& peer, config::Protocol protocol, const std::string& reply);
  void log_refusal(const Peer& peer, config::Protocol protocol, const std::string& reply);
  static boost::asio::awaitable<void> hold(Reception* self, std::size_t core, std::shared_ptr<Connection> connection,
                                           std::string session_id);
  void evict(std::size_t core, const std::string& session_id);
  void arrive();
  void leave();
  std::string next_session_id();
  std::shared_ptr<const Settings> settings() const;

  const Environment& environment_;
  runtime::Cores& cores_;
  Admission admission_;
  std::vector<Core> core_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const Settings> settings_;
  std::size_t open_ = 0;
  std::size_t cores_closed_ = 0;
  std::uint64_t sessions_ever_ = 0;
  const std::uint32_t run_;  ///< Tells the session ids of one run from those of another.
  std::chrono::steady_clock::time_point refusal_logged_at_;
  std::uint64_t refusals_unlogged_ = 0;
};

}  // namespace fermo::server
