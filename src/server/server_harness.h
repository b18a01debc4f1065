#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "base/limits.h"
#include "mail/wire_message.h"
#include "maildrop/memory_maildrop.h"
#include "runtime/test_folder.h"
#include "server/server.h"
#include "server/test_client.h"

namespace fermo::server::test {

/// How long a test waits for what must happen before it fails.
inline constexpr std::chrono::seconds patience{60};

/// Keeps the log in memory, and lets a test wait for a line.
class LogKeeper final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// The first line that holds `part`, waited for; empty when none comes.
  std::string line_with(std::string_view part) {
    std::unique_lock lock(lines_mutex_);
    std::string found;
    added_.wait_for(lock, patience, [&] {
      for (const std::string& line : lines_) {
        if (line.find(part) == std::string::npos) continue;
        found = line;
        return true;
      }
      return false;
    });
    return found;
  }

  std::string all() {
    const std::lock_guard lock(lines_mutex_);
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    return text;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::lock_guard lock(lines_mutex_);
    lines_.emplace_back(message.payload.data(), message.payload.size());
    added_.notify_all();
  }
  void flush_() override {}

 private:
  std::mutex lines_mutex_;
  std::condition_variable added_;
  std::vector<std::string> lines_;
};

/// Knows some users by their passwords; does on request what a broken one would do.
class FakeUsers final : public account::Authenticator, public account::Directory {
 public:
  void add(const std::string& name, const std::string& password) { passwords_[name] = password; }

  Result<account::LoginDecision> verify(const account::LoginAttempt& attempt) override {
    if (before_verify) before_verify();
    account::LoginDecision decision;
    const auto known = passwords_.find(attempt.login.authentication_identity);
    if (known == passwords_.end() || attempt.login.password.reveal() != known->second) return decision;
    decision.verdict = sasl::Verdict::accepted;
    decision.account = account_of(known->first);
    return decision;
  }

  Result<std::optional<account::Account>> find(const mail::Address& recipient) override {
    if (find_fails) return make_error_condition_code();
    if (!passwords_.contains(recipient.local_part)) return std::optional<account::Account>();
    return std::optional<account::Account>(account_of(recipient.local_part));
  }

  std::function<void()> before_verify;
  bool find_fails = false;

 private:
  static account::Account account_of(const std::string& name) { return {name, *DropId::from(name)}; }
  static error_code make_error_condition_code() {
    return {static_cast<int>(boost::system::errc::io_error), boost::system::generic_category()};
  }
  std::map<std::string, std::string> passwords_;
};

/// What a test may make a store do wrong, or wait for. Set before the server works with it, or guarded by its own
/// means.
struct Faults {
  std::function<error_code()> on_open, on_read, on_piece, on_commit, on_begin, on_append, on_finish;
  std::atomic<std::uint64_t> octets_read = 0;

  static error_code check(const std::function<error_code()>& fault) { return fault ? fault() : error_code(); }
};

/// A reference store with faults.
class FaultyStore final : public maildrop::Store {
 public:
  explicit FaultyStore(const Clock& clock) : store_(clock) {}

  Result<std::unique_ptr<maildrop::Delivery>> begin_delivery() override {
    if (const error_code fault = Faults::check(faults.on_begin)) return fault;
    auto delivery = store_.begin_delivery();
    if (!delivery) return delivery.error();
    return std::unique_ptr<maildrop::Delivery>(std::make_unique<FaultyDelivery>(faults, std::move(*delivery)));
  }
  Result<std::unique_ptr<maildrop::Snapshot>> open(const DropId& drop) override {
    if (const error_code fault = Faults::check(faults.on_open)) return fault;
    auto snapshot = store_.open(drop);
    if (!snapshot) return snapshot.error();
    return std::unique_ptr<maildrop::Snapshot>(std::make_unique<FaultySnapshot>(faults, std::move(*snapshot)));
  }
  Result<std::vector<maildrop::DropSummary>> list_drops(const std::optional<DropId>& after,
                                                        std::size_t count) override {
    return store_.list_drops(after, count);
  }
  Result<std::vector<mail::UniqueId>> list_imported(const DropId& drop, const std::optional<mail::UniqueId>& after,
                                                    std::size_t count) override {
    return store_.list_imported(drop, after, count);
  }
  Result<mail::DropListing> recount(const DropId& drop) override { return store_.recount(drop); }
  Result<maildrop::SweepReport> sweep() override { return store_.sweep(); }

  Faults faults;

 private:
  class FaultyDelivery final : public maildrop::Delivery {
   public:
    FaultyDelivery(Faults& faults, std::unique_ptr<maildrop::Delivery> delivery)
        : faults_(faults), delivery_(std::move(delivery)) {}
    Result<void> append(std::string_view wire) override {
      if (const error_code fault = Faults::check(faults_.on_append)) return fault;
      return delivery_->append(wire);
    }
    Result<std::vector<mail::UniqueId>> finish(const mail::WireSummary& summary,
                                               std::span<const maildrop::Recipient> recipients,
                                               Timestamp received_at) override {
      if (const error_code fault = Faults::check(faults_.on_finish)) return fault;
      return delivery_->finish(summary, recipients, received_at);
    }

   private:
    Faults& faults_;
    std::unique_ptr<maildrop::Delivery> delivery_;
  };

  class FaultyCursor final : public maildrop::Cursor {
   public:
    FaultyCursor(Faults& faults, std::unique_ptr<maildrop::Cursor> cursor)
        : faults_(faults), cursor_(std::move(cursor)) {}
    const mail::WireSummary& summary() const override { return cursor_->summary(); }
    Result<bool> next(std::string& piece) override {
      if (const error_code fault = Faults::check(faults_.on_piece)) {
        return Result<bool>(boost::system::in_place_error, fault);
      }
      Result<bool> more = cursor_->next(piece);
      if (more && *more) faults_.octets_read += piece.size();
      return more;
    }

   private:
    Faults& faults_;
    std::unique_ptr<maildrop::Cursor> cursor_;
  };

  class FaultySnapshot final : public maildrop::Snapshot {
   public:
    FaultySnapshot(Faults& faults, std::unique_ptr<maildrop::Snapshot> snapshot)
        : faults_(faults), snapshot_(std::move(snapshot)) {}
    mail::DropListing drop_listing() const override { return snapshot_->drop_listing(); }
    Result<std::vector<mail::ScanListing>> scan_listings(MessageNumber first, std::size_t count) override {
      return snapshot_->scan_listings(first, count);
    }
    Result<std::unique_ptr<maildrop::Cursor>> read(MessageNumber number) override {
      if (const error_code fault = Faults::check(faults_.on_read)) return fault;
      auto cursor = snapshot_->read(number);
      if (!cursor) return cursor.error();
      return std::unique_ptr<maildrop::Cursor>(std::make_unique<FaultyCursor>(faults_, std::move(*cursor)));
    }
    Result<void> commit_deletions(std::span<const MessageNumber> numbers) override {
      if (const error_code fault = Faults::check(faults_.on_commit)) return fault;
      return snapshot_->commit_deletions(numbers);
    }

   private:
    Faults& faults_;
    std::unique_ptr<maildrop::Snapshot> snapshot_;
  };

  maildrop::MemoryMaildrop store_;
};

/// A server on free loopback ports, with a user "ann" whose password is "secret words".
class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    config_.data = folder_.path();
    config_.host_name = "mail.example.org";
    config_.lmtp_networks = {"127.0.0.0/8", "::1/128"};
    config_.threads = 2;
    config_.store_threads = 2;
    config_.hash_threads = 1;
    listen(config::Protocol::pop3, "127.0.0.1");
    listen(config::Protocol::pop3s, "127.0.0.1");
    listen(config::Protocol::lmtp, "127.0.0.1");
    users_.add("ann", "secret words");
    users_.add("bob", "other words");
    log_->set_level(spdlog::level::debug);
  }
  ~ServerTest() override { server_.reset(); }

  void listen(config::Protocol protocol, const std::string& address) {
    config::Listen one;
    one.protocol = protocol;
    one.address = address;
    config_.listen.push_back(one);
  }

  Services services() { return {store_, users_, users_, clock_, log_}; }

  void start() {
    server_ = std::make_unique<Server>(config_, services());
    const std::vector<std::string> problems = server_->start();
    ASSERT_THAT(problems, testing::IsEmpty());
  }

  std::uint16_t port(std::size_t listener) const {
    const std::string text = server_->listening().at(listener);
    return static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
  }
  Client pop3() { return Client::tcp(port(0)); }
  Client pop3s() { return Client::tcp(port(1)); }
  Client lmtp() { return Client::tcp(port(2)); }

  /// Past the login.
  static void log_in(Client& client) {
    ASSERT_THAT(client.line(), testing::StartsWith("+OK"));
    ASSERT_THAT(client.ask("USER ann"), testing::StartsWith("+OK"));
    ASSERT_THAT(client.ask("PASS secret words"), testing::StartsWith("+OK"));
  }
  Client logged_in() {
    Client client = pop3();
    log_in(client);
    return client;
  }

  /// Puts a message straight into the store; gives its wire form.
  std::string deliver(const std::string& content, const std::string& drop = "ann") {
    std::string wire;
    mail::WireEncoder encoder(mail::WireEncoder::BareLf::keep);
    encoder.encode(content, wire);
    const mail::WireSummary summary = encoder.finish(wire);
    auto delivery = store_.begin_delivery();
    for (std::size_t at = 0; at < wire.size(); at += limits::message_piece_octets_max) {
      EXPECT_TRUE((*delivery)->append(std::string_view(wire).substr(at, limits::message_piece_octets_max)));
    }
    const std::vector<maildrop::Recipient> recipients = {{*DropId::from(drop), "", std::nullopt}};
    EXPECT_TRUE((*delivery)->finish(summary, recipients, clock_.now()));
    return wire;
  }
  std::uint64_t held(const std::string& drop = "ann") { return store_.recount(*DropId::from(drop))->messages; }

  /// Lines of text, some of which begin with dots.
  static std::string message(std::size_t octets) {
    std::string text = "Subject: test\r\n\r\n";
    for (std::uint64_t i = 0; text.size() < octets; ++i) {
      text += (i % 7 == 0 ? "." : "") + std::to_string(i * 2654435761U) + " the quick brown fox\r\n";
    }
    return text;
  }

  runtime::test::TemporaryFolder folder_;
  config::Config config_;
  SystemClock clock_;
  FaultyStore store_{clock_};
  FakeUsers users_;
  std::shared_ptr<LogKeeper> kept_log_ = std::make_shared<LogKeeper>();
  std::shared_ptr<spdlog::logger> log_ = std::make_shared<spdlog::logger>("test", kept_log_);
  std::unique_ptr<Server> server_;
};

/// A door that jobs wait at until a test opens it.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_for_somebody() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, patience, [this] { return waiting_ > 0; }));
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

}  // namespace fermo::server::test
