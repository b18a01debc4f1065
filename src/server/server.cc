#include "server/server.h"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/post.hpp>

#include "base/check.h"
#include "runtime/blocking_pool.h"
#include "runtime/cores.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/open_files.h"
#include "server/reception.h"
#include "server/settings.h"
#include "server/thread_counts.h"

namespace fermo::server {
namespace {

using Lock = std::lock_guard<std::mutex>;
using SteadyClock = std::chrono::steady_clock;

runtime::BlockingPool::OnException report_to(const std::shared_ptr<spdlog::logger>& log, const char* pool) {
  return [log, pool](std::string_view what) { log->error("a job of the {} pool ended unexpectedly: {}", pool, what); };
}

}  // namespace

class Server::Impl {
 public:
  Impl(config::Config config, Services services, std::vector<ListeningPort> ports)
      : config_(std::move(config)),
        ports_(std::move(ports)),
        cores_(protocol_threads(config_)),
        store_pool_("store", {store_threads(config_), limits::store_queue_max}, report_to(services.log, "store")),
        login_pool_("login", {login_threads(config_), limits::login_queue_max}, report_to(services.log, "login")),
        lookup_pool_("lookup", {protocol_threads(config_), limits::store_queue_max}, report_to(services.log, "lookup")),
        environment_{std::move(services), store_pool_, login_pool_, lookup_pool_},
        reception_(environment_, cores_) {
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::vector<std::string> start();
  std::vector<std::string> listening() const;
  Server::Reloaded reload(config::Config config);
  void shut_down();
  void wait();
  std::size_t sessions() const { return reception_.sessions(); }

 private:
  runtime::Explained<std::shared_ptr<const Settings>> settings_of(config::Config config) const;
  std::vector<std::string> open_listeners();
  void take_connections();
  void stop_core(std::size_t core);
  void end_all_at_once();
  spdlog::logger& log() const { return *environment_.services.log; }

  std::size_t open_files_max_ = 0;        ///< Does not change once started: a filter may keep it from being asked.
  std::size_t connections_possible_ = 0;  ///< The same: the threads and listeners stay.
  mutable std::mutex mutex_;              ///< Guards what follows up to `stops_`.
  config::Config config_;
  bool started_ = false;
  bool finished_ = false;
  int stops_ = 0;
  std::condition_variable asked_to_stop_;
  std::vector<ListeningPort> ports_;  ///< Those that were open already; empty: it opens them itself.

  runtime::Cores cores_;
  runtime::BlockingPool store_pool_;  // joined before the cores go: jobs resume sessions there
  runtime::BlockingPool login_pool_;
  runtime::BlockingPool lookup_pool_;
  const Environment environment_;
  Reception reception_;
  std::vector<std::unique_ptr<Listener>> listeners_;  ///< Does not change once started.
};

std::vector<std::string> Server::Impl::start() {
  open_files_max_ = allow_open_files();
  connections_possible_ = connections_possible(config_, open_files_max_);
  const auto settings = settings_of(config_);
  if (!settings) return {settings.problem()};
  reception_.set_settings(*settings);
  std::vector<std::string> problems = open_listeners();
  if (!problems.empty()) {
    listeners_.clear();
    return problems;
  }
  take_connections();
  return {};
}

/// All of them are tried, so that one run shows everything that is wrong.
std::vector<std::string> Server::Impl::open_listeners() {
  const bool given = !ports_.empty();
  std::vector<std::string> problems;
  for (const config::Listen& listen : given ? std::vector<config::Listen>() : config_.listen) {
    auto port = open_port(listen, cores_.size());
    if (port) {
      ports_.push_back(std::move(*port));
    } else {
      problems.push_back(port.problem());
    }
  }
  for (ListeningPort& port : ports_) {
    listeners_.push_back(std::make_unique<Listener>(std::move(port), !given, cores_, environment_.services.log));
  }
  ports_.clear();
  return problems;
}

void Server::Impl::take_connections() {
  for (const auto& listener : listeners_) {
    const config::Protocol protocol = listener->listen().protocol;
    listener->start(
        [this, protocol](std::size_t core, int fd, const Peer& peer) { reception_.receive(core, fd, peer, protocol); });
    log().info("listening on {}", listener->listen().text());
  }
  const Lock lock(mutex_);
  cores_.start();
  started_ = true;
}

std::vector<std::string> Server::Impl::listening() const {
  std::vector<std::string> texts;
  for (const auto& listener : listeners_) texts.push_back(listener->listen().text());
  return texts;
}

/// With no more connections than there are descriptors for: a process without any cannot take what others hand to it,
/// and all sessions would end with it.
runtime::Explained<std::shared_ptr<const Settings>> Server::Impl::settings_of(config::Config config) const {
  if (config.connections_max > connections_possible_) {
    log().warn(
        "limits.connections_max is {}, but with {} open files no more than {} connections are possible, and taken; "
        "allow more open files (LimitNOFILE= in the unit, or ulimit -n) or lower it",
        config.connections_max, open_files_max_, connections_possible_);
    config.connections_max = connections_possible_;
  }
  return make_settings(config, environment_.services.tls, log());
}

Server::Reloaded Server::Impl::reload(config::Config config) {
  const auto settings = settings_of(config);
  if (!settings) return {{settings.problem()}, {}};
  const Lock lock(mutex_);
  Reloaded reloaded = {{}, keys_for_restart(config_, config)};
  reception_.set_settings(*settings);
  set_log_level(log(), config.log_level);
  config_ = std::move(config);
  return reloaded;
}

void Server::Impl::shut_down() {
  const Lock lock(mutex_);
  if (!started_ || finished_) return;
  if (++stops_ > 1) return end_all_at_once();
  log().info("shutting down: {} sessions have up to {} s to end", reception_.sessions(),
             config_.drain_time_max.count());
  for (std::size_t core = 0; core < cores_.size(); ++core) {
    boost::asio::post(cores_.at(core), [this, core] { stop_core(core); });
  }
  asked_to_stop_.notify_all();
}

void Server::Impl::stop_core(std::size_t core) {
  for (const auto& listener : listeners_) listener->stop(core);
  reception_.shut_down(core);
}

void Server::Impl::end_all_at_once() {
  for (std::size_t core = 0; core < cores_.size(); ++core) {
    boost::asio::post(cores_.at(core), [this, core] { reception_.abort(core); });
  }
}

void Server::Impl::wait() {
  SteadyClock::time_point until;
  {
    std::unique_lock lock(mutex_);
    if (!started_ || finished_) return;
    asked_to_stop_.wait(lock, [this] { return stops_ > 0; });
    until = SteadyClock::now() + config_.drain_time_max;
  }
  if (!reception_.wait_until_empty(until)) {
    log().warn("{} sessions did not end in time and are ended now", reception_.sessions());
    end_all_at_once();
    reception_.wait_until_empty(SteadyClock::time_point::max());
  }
  const Lock lock(mutex_);
  finished_ = true;
  cores_.finish();
}

Server::Impl::~Impl() {
  shut_down();
  shut_down();
  wait();
}

Server::Server(config::Config config, Services services, std::vector<ListeningPort> ports)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(services), std::move(ports))) {}
Server::~Server() = default;

std::vector<std::string> Server::start() {
  return impl_->start();
}
std::vector<std::string> Server::listening() const {
  return impl_->listening();
}
Server::Reloaded Server::reload(config::Config config) {
  return impl_->reload(std::move(config));
}
void Server::shut_down() {
  impl_->shut_down();
}
void Server::wait() {
  impl_->wait();
}
std::size_t Server::sessions() const {
  return impl_->sessions();
}

}  // namespace fermo::server
