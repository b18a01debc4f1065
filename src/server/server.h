#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "server/listening_port.h"
#include "server/services.h"

namespace fermo::server {

/// Listens, and holds one session for each connection (server/pop3_connection.h, server/lmtp_connection.h). Every
/// member may be called from any thread; start() and wait() once each. The destructor ends everything at once and waits
/// for it.
class Server {
 public:
  /// `config` as config::complete() left it. `ports` are those it listens on when another process has opened them;
  /// none: start() opens what `config` says. Ignores SIGPIPE for the whole process: OpenSSL writes to sockets with
  /// write(2).
  Server(config::Config config, Services services, std::vector<ListeningPort> ports = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Loads the certificate (makes a self-signed one when none is configured and says so in the log), then opens every
  /// listener. Returns what is wrong and what to do about it, one sentence for each problem; when there is any, nothing
  /// has been opened. Empty: connections are being taken.
  std::vector<std::string> start();

  /// Where connections are taken, in the form of `--listen` and with the true port: "pop3=127.0.0.1:1110".
  std::vector<std::string> listening() const;

  struct Reloaded {
    std::vector<std::string>
        problems;  ///< Why nothing has changed (a certificate that cannot be used); empty: all done.
    std::vector<std::string> need_restart;  ///< Keys that differ, but take effect only after a restart.
  };
  /// Takes over what can change while sessions go on: certificates, limits, times, networks, host name, log level.
  /// Sessions that are under way keep what they began with.
  Reloaded reload(config::Config config);

  /// Begins to drain: no new connections; a session that is idle ends, one that is doing something may finish it, for
  /// at most `drain_time_max`. Called again, it ends all sessions at once. Not to be called from a signal handler
  /// (server/signals.h).
  void shut_down();

  /// Returns when all sessions have ended after shut_down().
  void wait();

  /// Sessions at the moment.
  std::size_t sessions() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fermo::server
