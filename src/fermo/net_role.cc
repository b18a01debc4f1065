#include <csignal>
#include <ctime>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "auth_ipc/remote_authenticator.h"
#include "base/clock.h"
#include "base/limits.h"
#include "fermo/remote_identity.h"
#include "fermo/role_notes.h"
#include "fermo/roles.h"
#include "ipc/socket_pool.h"
#include "maildrop_ipc/remote_store.h"
#include "server/log.h"
#include "server/server.h"
#include "server/tls_source.h"

namespace fermo::commands {
namespace {

using processes::Note;

/// TLS by the keys process that is there, or by the one that a new configuration comes with.
class KeysOfOthers final : public server::TlsSource {
 public:
  /// A keys process was started: one more of the same, or one with other keys for the next load().
  void connect(std::vector<Descriptor> sockets) { used_->connect(std::move(sockets)); }
  void prepare(std::vector<Descriptor> sockets) {
    next_ = std::make_shared<RemoteIdentity>();
    next_->connect(std::move(sockets));
  }

  runtime::Explained<std::shared_ptr<const runtime::TlsContext>> load(const config::Config&, spdlog::logger&) override {
    auto tls = runtime::TlsContext::make(next_ ? next_ : used_, server::alpn_protocol);
    if (tls && next_) used_ = std::exchange(next_, nullptr);
    next_.reset();
    return tls;
  }

 private:
  std::shared_ptr<RemoteIdentity> used_ = std::make_shared<RemoteIdentity>();
  std::shared_ptr<RemoteIdentity> next_;
};

class NetRole {
 public:
  explicit NetRole(const processes::NoteSocket& notes)
      : notes_(notes),
        auth_pool_(limits::auth_ipc_reply_time_max),
        store_pool_(limits::store_ipc_reply_time_max),
        store_(maildrop_ipc::RemoteStore::over(store_pool_)),
        authenticator_(auth_pool_),
        directory_(auth_pool_) {}

  ExitCode run() {
    ::tzset();  // while the file can still be read
    protection_ = confine::confine(net_rules().paths);
    while (!server_) {
      auto note = notes_.receive();
      if (!note || !obey(std::move(*note))) return ExitCode::software;
    }
    server_->wait();
    notes_.shutdown();
    orders_.join();
    return ExitCode::ok;
  }

 private:
  void obey_until_the_end() {
    while (auto note = notes_.receive()) {
      if (!obey(std::move(*note))) break;
    }
    server_->shut_down();
    server_->shut_down();
  }

  bool obey(Note note) {
    switch (static_cast<Order>(note.kind)) {
      case Order::configuration:
        return configure(note);
      case Order::port:
        return add_port(std::move(note));
      case Order::begin:
        return begin();
      case Order::sockets:
        return connect(std::move(note));
      case Order::new_keys:
        tls_.prepare(std::move(note.descriptors));
        return true;
      case Order::drain:
        if (server_) server_->shut_down();
        return true;
      default:
        return false;
    }
  }

  bool configure(const Note& note) {
    auto config = note.descriptors.size() == 1 ? config_from(note.descriptors.front()) : std::nullopt;
    if (!config) return false;
    if (!server_) {
      config_ = std::move(*config);
      return true;
    }
    const auto reloaded = server_->reload(std::move(*config));
    return notes_.send(number_of(Answer::reloaded), encode(Reloaded{reloaded.problems, reloaded.need_restart}));
  }

  bool add_port(Note note) {
    const auto parsed = config::parse_listen(note.payload);
    if (!parsed.listen) return false;
    if (ports_.empty() || ports_.back().listen != *parsed.listen) ports_.push_back({*parsed.listen, {}});
    for (Descriptor& socket : note.descriptors) ports_.back().sockets.push_back(std::move(socket));
    return true;
  }

  bool connect(Note note) {
    if (note.payload.size() != 1) return false;
    switch (static_cast<Role>(note.payload.front())) {
      case Role::keys:
        tls_.connect(std::move(note.descriptors));
        return true;
      case Role::auth:
        auth_pool_.replace(std::move(note.descriptors));
        return true;
      case Role::store:
        store_pool_.replace(std::move(note.descriptors));
        return true;
      default:
        return false;
    }
  }

  bool begin() {
    if (!config_ || ports_.empty()) return false;
    log_ = server::make_log(*config_);
    server_.emplace(*config_, server::Services{*store_, authenticator_, directory_, clock_, log_, &tls_},
                    std::move(ports_));
    // Nothing is taken in before this is in force. Threads are still to be started.
    confine::confine_calls(calls_to_begin(), protection_, net_rules().refused);
    if (const auto problems = server_->start(); !problems.empty()) {
      const auto code = static_cast<std::uint8_t>(ExitCode::unavailable);
      notes_.send(number_of(Answer::failed), encode(Refusal{code, problems.front()}));
      return false;
    }
    orders_ = std::thread([this] { obey_until_the_end(); });  // the last thread: from now on there are no more
    confine::confine_calls(net_rules().calls, protection_, net_rules().refused);
    return notes_.send(number_of(Answer::ready), encode(protection_));
  }

  static confine::Calls calls_to_begin() {
    return confine::joined({net_rules().calls, confine::calls::threads(), {"seccomp", "prlimit64(self)"}});
  }

  const processes::NoteSocket& notes_;
  const SystemClock clock_;
  confine::Protection protection_;
  std::optional<config::Config> config_;
  std::shared_ptr<spdlog::logger> log_;
  std::vector<server::ListeningPort> ports_;
  KeysOfOthers tls_;
  ipc::SocketPool auth_pool_;
  ipc::SocketPool store_pool_;
  std::unique_ptr<maildrop_ipc::RemoteStore> store_;
  auth_ipc::RemoteAuthenticator authenticator_;
  auth_ipc::RemoteDirectory directory_;
  std::optional<server::Server> server_;
  std::thread orders_;
};

}  // namespace

RoleRules net_rules() {
  namespace calls = confine::calls;
  return {"net",
          "talks to the network",
          {},
          confine::joined({calls::basic(), calls::sockets(), calls::waiting(), {"accept", "accept4", "pread64"}}),
          calls::tries_of_libraries()};
}

ExitCode run_net(const processes::NoteSocket& notes) {
  return NetRole(notes).run();
}

}  // namespace fermo::commands
