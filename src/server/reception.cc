#include "server/reception.h"

#include <array>
#include <cstdio>
#include <utility>
#include <variant>

#include <sys/socket.h>

#include <spdlog/spdlog.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "base/random.h"
#include "server/lmtp_connection.h"
#include "server/pop3_connection.h"

namespace fermo::server {
namespace {

namespace asio = boost::asio;
using Protocol = config::Protocol;
using Lock = std::lock_guard<std::mutex>;

/// A flood of refused connections must not become a flood of log lines.
constexpr std::chrono::seconds kRefusalLogPause(1);

runtime::Stream::Socket adopt(asio::io_context& core, int fd, const Peer& peer) {
  const int family = !peer.address ? AF_UNIX : peer.address->is_v6() ? AF_INET6 : AF_INET;
  return {core, asio::generic::stream_protocol(family, 0), fd};
}

/// RFC 3206 §4 and RFC 5321 §3.8 have a word for each; on pop3s nothing can be said before the handshake.
std::string too_many(Protocol protocol, Admission::Refusal refusal) {
  const bool in_all = refusal == Admission::Refusal::too_many_in_all;
  const std::string what = in_all ? "too many connections" : "too many connections from your address";
  if (protocol == Protocol::lmtp) return "421 4.7.0 " + what + ", try again later\r\n";
  return "-ERR [SYS/TEMP] " + what + ", try again later\r\n";
}

std::shared_ptr<Connection> make_connection(Accepted accepted) {
  if (accepted.protocol == Protocol::lmtp) return std::make_shared<LmtpConnection>(std::move(accepted));
  return std::make_shared<Pop3Connection>(std::move(accepted));
}

}  // namespace

Reception::Reception(const Environment& environment, runtime::Cores& cores)
    : environment_(environment),
      cores_(cores),
      admission_({limits::connections_max, limits::connections_per_address_max}),
      core_(cores.size()),
      run_(static_cast<std::uint32_t>(random_u64())) {}

void Reception::set_settings(std::shared_ptr<const Settings> settings) {
  admission_.set_limits({settings->config.connections_max, settings->config.connections_per_address_max});
  const Lock lock(mutex_);
  settings_ = std::move(settings);
}

std::shared_ptr<const Settings> Reception::settings() const {
  const Lock lock(mutex_);
  return settings_;
}

void Reception::receive(std::size_t core, int fd, const Peer& peer, Protocol protocol) {
  arrive();
  auto welcome_there = [this, core, peer, protocol, socket = adopt(cores_.at(core), fd, peer)]() mutable {
    welcome(core, std::move(socket), peer, protocol);
  };
  asio::dispatch(cores_.at(core), std::move(welcome_there));
}

void Reception::welcome(std::size_t core, runtime::Stream::Socket socket, const Peer& peer, Protocol protocol) {
  if (core_[core].closed) return leave();
  std::shared_ptr<const Settings> settings = this->settings();
  std::string id = next_session_id();
  // Who may deliver has been let in by the network it is in.
  const bool evictable = protocol != Protocol::lmtp;
  auto admitted = admission_.admit(peer, evictable ? [this, core, id] { evict(core, id); } : Admission::Evict());
  if (const std::string reply = reason_to_refuse(*settings, peer, protocol, admitted); !reply.empty()) {
    refuse(socket, peer, protocol, reply);
    return leave();
  }
  Accepted accepted = {environment_,
                       std::move(settings),
                       std::move(socket),
                       peer,
                       protocol,
                       id,
                       std::get<Admission::Ticket>(std::move(admitted))};
  std::shared_ptr<Connection> connection = make_connection(std::move(accepted));
  core_[core].connections.emplace(id, connection);
  auto life = hold(this, core, std::move(connection), std::move(id));
  asio::co_spawn(cores_.at(core), std::move(life), asio::detached);
}

std::string Reception::reason_to_refuse(const Settings& settings, const Peer& peer, Protocol protocol,
                                        const std::variant<Admission::Ticket, Admission::Refusal>& admitted) const {
  if (const auto* refusal = std::get_if<Admission::Refusal>(&admitted)) return too_many(protocol, *refusal);
  if (protocol == Protocol::lmtp && !settings.lmtp_networks.contains(peer)) {
    return "554 5.7.1 your address may not deliver here (lmtp.networks)\r\n";
  }
  return {};
}

/// The reply fits into the empty buffer of a new socket, so nothing has to wait for it.
void Reception::refuse(runtime::Stream::Socket& socket, const Peer& peer, Protocol protocol, const std::string& reply) {
  log_refusal(peer, protocol, reply);
  if (protocol != Protocol::pop3s) {
    [[maybe_unused]] const ssize_t sent =
        ::send(socket.native_handle(), reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    error_code ignored;
    socket.shutdown(runtime::Stream::Socket::shutdown_send, ignored);
  }
}

void Reception::log_refusal(const Peer& peer, Protocol protocol, const std::string& reply) {
  const auto now = std::chrono::steady_clock::now();
  std::uint64_t unlogged = 0;
  {
    const Lock lock(mutex_);
    ++refusals_unlogged_;
    if (now - refusal_logged_at_ < kRefusalLogPause) return;
    refusal_logged_at_ = now;
    unlogged = std::exchange(refusals_unlogged_, 0);
  }
  LogLine line(settings()->config.log_format, "refused");
  line.add("service", service_name(protocol));
  line.add("peer", peer.address ? peer.text() : std::string("unix"));
  line.add("reply", std::string_view(reply).substr(0, reply.size() - 2));
  line.add("connections", unlogged);
  environment_.services.log->warn("{}", line.finish());
}

asio::awaitable<void> Reception::hold(Reception* self, std::size_t core, std::shared_ptr<Connection> connection,
                                      std::string session_id) {
  co_await connection->run();
  self->core_[core].connections.erase(session_id);
  connection.reset();
  self->leave();
}

/// From the thread of any core.
void Reception::evict(std::size_t core, const std::string& session_id) {
  auto evict_there = [this, core, session_id] {
    const auto known = core_[core].connections.find(session_id);
    if (known != core_[core].connections.end()) known->second->evict();
  };
  asio::post(cores_.at(core), std::move(evict_there));
}

void Reception::shut_down(std::size_t core) {
  if (std::exchange(core_[core].closed, true)) return;
  for (const auto& [id, connection] : core_[core].connections) connection->shut_down();
  const Lock lock(mutex_);
  ++cores_closed_;
  changed_.notify_all();
}

void Reception::abort(std::size_t core) {
  for (const auto& [id, connection] : core_[core].connections) connection->abort();
}

bool Reception::wait_until_empty(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, until, [this] { return cores_closed_ == core_.size() && open_ == 0; });
}

std::size_t Reception::sessions() const {
  const Lock lock(mutex_);
  return open_;
}

void Reception::arrive() {
  const Lock lock(mutex_);
  ++open_;
}

void Reception::leave() {
  const Lock lock(mutex_);
  --open_;
  changed_.notify_all();
}

std::string Reception::next_session_id() {
  std::uint64_t number = 0;
  {
    const Lock lock(mutex_);
    number = ++sessions_ever_;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%08x-%llx", run_, static_cast<unsigned long long>(number));
  return text.data();
}

}  // namespace fermo::server
