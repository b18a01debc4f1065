#include "fetcher/run_alone.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "fetch/memory_ledger.h"

namespace fermo::fetcher {
namespace {

namespace asio = boost::asio;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// Comes once. Who awaits it in vain goes on after a while, and lets the test fail.
class Event {
 public:
  void come() { promise_.set_value(); }
  bool comes_within(std::chrono::milliseconds time) const {
    return future_.wait_for(time) == std::future_status::ready;
  }
  bool has_come() const { return comes_within(0ms); }
  void await() const { EXPECT_TRUE(comes_within(10s)); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

/// What the fetch, its server and its target know of each other.
struct Scene {
  Event job_begun;
  Event thrown;
  Event runner_gone;
  std::atomic<bool> runner_outlived_job = false;
};

/// Holds one message, and sends most of it when a job is at work on its beginning.
class Server {
 public:
  explicit Server(Scene& scene) : scene_(scene), thread_([this] { serve(); }) {}
  ~Server() { thread_.join(); }

  std::uint16_t port() const { return port_; }

 private:
  void serve() {
    asio::ip::tcp::socket client = acceptor_.accept();
    boost::system::error_code closed;
    std::string input;
    asio::write(client, asio::buffer(std::string_view("+OK\r\n")), closed);
    while (!closed) {
      const std::size_t octets = asio::read_until(client, asio::dynamic_buffer(input), "\r\n", closed);
      if (closed) return;
      const std::string line = input.substr(0, octets);
      input.erase(0, octets);
      asio::write(client, asio::buffer(answer(line)), closed);
      if (line.starts_with("RETR")) send_message(client);
    }
  }

  static std::string_view answer(std::string_view line) {
    if (line.starts_with("CAPA")) return "-ERR\r\n";
    if (line.starts_with("STAT")) return "+OK 1 1000000\r\n";
    if (line.starts_with("LIST")) return "+OK\r\n1 1000000\r\n.\r\n";
    if (line.starts_with("UIDL")) return "+OK\r\n1 a\r\n.\r\n";
    return "+OK\r\n";
  }

  void send_message(asio::ip::tcp::socket& client) {
    boost::system::error_code closed;
    const std::string begin(limits::delivery_buffer_octets / 2, 'x');
    asio::write(client, asio::buffer(begin), closed);
    scene_.job_begun.await();
    asio::write(client, asio::buffer(std::string_view("more\r\n.\r\n")), closed);
  }

  Scene& scene_;
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  const std::uint16_t port_ = acceptor_.local_endpoint().port();
  std::thread thread_;
};

/// Is at work while the session ends by an exception, and looks around then.
class SlowTarget final : public fetch::Target {
 public:
  explicit SlowTarget(Scene& scene) : scene_(scene) {}

  Result<fetch::Presence> find(std::string_view) override { return fetch::Presence::absent; }
  Result<void> begin(const fetch::Incoming&) override {
    scene_.job_begun.come();
    scene_.thrown.await();
    scene_.runner_outlived_job = !scene_.runner_gone.comes_within(300ms);
    return {};
  }
  Result<void> append(std::string_view) override { return {}; }
  Result<void> end() override { return {}; }
  void abandon() override {}
  Result<void> commit() override { return {}; }
  Result<std::string> mark() override { return std::string("here"); }

 private:
  Scene& scene_;
};

class ThrowingObserver final : public Observer {
 public:
  explicit ThrowingObserver(Scene& scene) : scene_(scene) {}

  void planned(const Work&) override {}
  void decided(const fetch::Decision&) override {}
  void received(Octets) override {
    if (!scene_.job_begun.has_come()) return;
    scene_.thrown.come();
    throw std::runtime_error("no memory");
  }
  void delivered(std::uint64_t) override {}
  void ended(const Report&) override {}

 private:
  Scene& scene_;
};

TEST(RunAlone, AfterAnExceptionNothingGoesThatAJobStillUses) {
  Scene scene;
  Server server(scene);
  ThrowingObserver observer(scene);
  Job job{.settings = {},
          .target = std::make_unique<SlowTarget>(scene),
          .ledger = std::make_unique<fetch::MemoryLedger>(),
          .observer = observer};
  job.settings.server = {pop3::client::Tls::none, "127.0.0.1", server.port()};
  job.settings.user = "ann";
  job.settings.secret = Secret("secret");
  job.settings.plaintext_logins = true;
  job.settings.time_max = 20s;
  // The runner alone has it, and needs it for nothing.
  std::shared_ptr<void> owned(nullptr, [&scene](void*) { scene.runner_gone.come(); });
  job.settings.tls = std::shared_ptr<const runtime::TlsClientContext>(std::move(owned), nullptr);
  const SystemClock clock;
  EXPECT_THROW(run_alone(std::move(job), clock, [](std::string_view) {}), std::runtime_error);
  EXPECT_TRUE(scene.runner_outlived_job);
  EXPECT_TRUE(scene.runner_gone.has_come());
}

}  // namespace
}  // namespace fermo::fetcher
