#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mail/dot_codec.h"
#include "mail/wire_message.h"
#include "pop3/client_harness.h"
#include "pop3/server_session.h"

/// For tests: the client's core and the server's, a line between them that delays, cuts and breaks, a store that fails,
/// and a clock that jumps to whatever happens next. All of it follows from one seed.
namespace fermo::pop3::simulation {

/// Since the beginning of a session.
using Time = std::chrono::microseconds;

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  Time up_to(Time longest) {
    return Time(static_cast<Time::rep>(below(static_cast<std::size_t>(longest.count()) + 1)));
  }

 private:
  std::mt19937_64 random_;
};

/// What goes wrong in a session. As it stands: nothing, and everything takes a moment.
struct Faults {
  Time latency_max{20'000};
  std::size_t store_fails_one_in = 0;  ///< 0: never.
  std::optional<Time> breaks_at;       ///< Both ends notice.
  std::optional<Time> silent_at;       ///< Nothing that is sent from then on arrives, and nobody is told.
  bool tls_fails = false;
};

struct Message {
  std::string unique_id;
  std::string content;
};

/// Carries out the steps of a server session over messages in memory, each after a while.
class Server {
 public:
  Server(const ServerSettings& settings, bool tls_active, std::vector<Message>& drop, const Faults& faults,
         Chance& chance)
      : session_(settings, tls_active), drop_(drop), held_(drop), faults_(faults), chance_(chance) {
    obey();
  }

  /// Octets that come while it works wait.
  void receive(std::string_view octets) {
    inbox_ += octets;
    read();
  }
  void end_of_input() {
    input_ended_ = true;
    read();
  }
  void expire() { happen(&ServerSession::expire); }
  void answer_tls(bool ok) {
    tls_awaited_ = false;
    session_.answer(TlsStarted{ok});
    obey();
  }
  /// Ends the work that working() tells of.
  void work() {
    const auto ended = std::exchange(work_, {});
    ended();
    obey();
  }

  bool working() const { return static_cast<bool>(work_); }
  bool waiting() const { return waiting_; }
  bool tls_awaited() const { return tls_awaited_; }
  std::optional<End> end() const { return end_; }
  std::string take_sent() { return std::exchange(sent_, {}); }
  const ServerSession& session() const { return session_; }
  const std::vector<MessageNumber>& committed() const { return committed_; }

 private:
  void happen(void (ServerSession::*event)()) {
    if (end_) return;
    (session_.*event)();
    obey();
  }

  void read() {
    if (!waiting_) return;
    if (inbox_.empty()) {
      if (std::exchange(input_ended_, false)) happen(&ServerSession::end_of_input);
      return;
    }
    waiting_ = false;
    session_.receive(std::exchange(inbox_, {}));
    obey();
  }

  void obey() {
    waiting_ = false;
    while (!end_ && !working() && !tls_awaited_) {
      Step step = session_.next();
      if (std::holds_alternative<NeedInput>(step)) {
        waiting_ = true;
        return read();
      }
      std::visit([this](auto& concrete) { take(concrete); }, step);
    }
  }

  /// The error that the store has this time, if it has one.
  Result<void> fate() {
    if (faults_.store_fails_one_in == 0 || !chance_.one_in(faults_.store_fails_one_in)) return {};
    return make_error_code(boost::system::errc::io_error);
  }

  void take(NeedInput&) {}
  void take(Send& send) { sent_ += send.octets; }
  void take(StartTls&) { tls_awaited_ = true; }
  void take(Verify& verify) {
    const bool right = verify.login.authentication_identity == "mrose" && verify.login.password.reveal() == "secret";
    work_ = [this, right] {
      if (const auto failed = fate(); !failed) return session_.answer(Verified{failed.error(), {}});
      session_.answer(Verified{right ? sasl::Verdict::accepted : sasl::Verdict::refused, "mrose"});
    };
  }
  void take(OpenMaildrop&) {
    work_ = [this] {
      if (const auto failed = fate(); !failed) return session_.answer(MaildropOpened{failed.error()});
      mail::DropListing listing{.messages = held_.size(), .octets = {}};
      for (const Message& message : held_) listing.octets += Octets{message.content.size()};
      session_.answer(MaildropOpened{listing});
    };
  }
  void take(ReadScanListings& read) {
    work_ = [this, read] {
      if (const auto failed = fate(); !failed) return session_.answer(ScanListings{failed.error()});
      std::vector<mail::ScanListing> listings;
      for (auto n = read.first.index(); n < read.first.index() + read.count; ++n) {
        listings.push_back(
            {.unique_id = *mail::UniqueId::from(held_[n].unique_id), .octets = {held_[n].content.size()}});
      }
      session_.answer(ScanListings{std::move(listings)});
    };
  }
  void take(SendMessage& message) {
    work_ = [this, message] {
      const auto failed = fate();
      const bool begun = failed.has_value() || chance_.one_in(2);
      if (begun) {
        const std::string wire = wire_of(message);
        sent_ += message.preface + wire.substr(0, failed ? wire.size() : chance_.below(wire.size() + 1));
      }
      session_.answer(MessageSent{failed, begun});
    };
  }
  void take(Commit& commit) {
    work_ = [this, commit] {
      const auto failed = fate();
      if (failed) {
        committed_ = commit.deletions;
        std::erase_if(drop_, [this](const Message& one) { return is_committed(one.unique_id); });
      }
      session_.answer(Committed{failed});
    };
  }
  void take(Close& close) { end_ = close.end; }

  std::string wire_of(const SendMessage& message) const {
    std::string wire;
    mail::WireEncoder encoder(mail::WireEncoder::BareLf::keep);
    encoder.encode(held_[message.number.index()].content, wire);
    const auto summary = encoder.finish(wire);
    if (message.body_lines) {
      mail::TopFilter filter(summary.header_wire_octets, *message.body_lines);
      wire.resize(filter.pass(wire).size());
    }
    return wire;
  }
  bool is_committed(const std::string& unique_id) const {
    return std::ranges::any_of(committed_,
                               [&](MessageNumber number) { return held_[number.index()].unique_id == unique_id; });
  }

  ServerSession session_;
  std::vector<Message>& drop_;
  const std::vector<Message> held_;  ///< The drop as this session sees it.
  const Faults& faults_;
  Chance& chance_;
  std::function<void()> work_;
  std::string inbox_;
  std::string sent_;
  bool input_ended_ = false;
  bool waiting_ = false;
  bool tls_awaited_ = false;
  std::optional<End> end_;
  std::vector<MessageNumber> committed_;
};

/// One way of the line: octets arrive in their order, in pieces, each after a while.
class Way {
 public:
  Way(const Faults& faults, Chance& chance) : faults_(faults), chance_(chance) {}

  void send(std::string octets, Time now) {
    if (faults_.silent_at && now >= *faults_.silent_at) return;
    for (std::size_t at = 0; at < octets.size();) {
      const std::size_t piece = 1 + chance_.below(chance_.one_in(4) ? 8 : 20'000);
      free_at_ = std::max(free_at_, now + chance_.up_to(faults_.latency_max));
      under_way_.emplace_back(free_at_, octets.substr(at, piece));
      at += piece;
    }
  }
  std::optional<Time> next() const {
    return under_way_.empty() ? std::nullopt : std::optional(under_way_.front().first);
  }
  std::string take() {
    std::string octets = std::move(under_way_.front().second);
    under_way_.pop_front();
    return octets;
  }

 private:
  const Faults& faults_;
  Chance& chance_;
  std::deque<std::pair<Time, std::string>> under_way_;
  Time free_at_{0};
};

/// Runs a session from its connection to the end of both, and tells how long the client was in it. Between two events
/// `client_acts` may give the harness orders.
class Conversation {
 public:
  Conversation(client::Harness& harness, Server& server, const Faults& faults, Chance& chance)
      : harness_(harness),
        server_(server),
        faults_(faults),
        chance_(chance),
        to_client_(faults, chance),
        to_server_(faults, chance) {}

  Time run(const std::function<void()>& client_acts = [] {}) {
    while (!(harness_.closed() && server_.end())) {
      client_acts();
      if (harness_.closed() && !client_ended_) client_ended_ = now_;
      pass_on();
      if (handshake()) continue;
      const Event event = next_event();
      now_ = event.at;
      event.happens();
    }
    return client_ended_.value_or(now_);
  }

 private:
  struct Event {
    Time at;
    std::function<void()> happens;
  };

  void pass_on() {
    if (auto sent = harness_.take_sent(); !sent.empty()) to_server_.send(std::move(sent), now_);
    if (auto sent = server_.take_sent(); !sent.empty()) to_client_.send(std::move(sent), now_);
  }

  bool handshake() {
    if (!harness_.tls_awaited() || !server_.tls_awaited()) return false;
    server_.answer_tls(!faults_.tls_fails);
    harness_.answer_tls(!faults_.tls_fails);
    client_heard_ = server_heard_ = now_;
    return true;
  }

  /// Of several at one time, the first one here.
  Event next_event() {
    std::optional<Event> first;
    const auto consider = [&](std::optional<Time> at, std::function<void()> happens) {
      if (at && (!first || *at < first->at)) first = Event{std::max(*at, now_), std::move(happens)};
    };
    if (!broken_) consider(faults_.breaks_at, [this] { broken_ = true; });
    if (server_.working()) {
      if (!work_ends_) work_ends_ = now_ + chance_.up_to(faults_.latency_max);
      consider(work_ends_, [this] { work_ends_.reset(), server_.work(); });
    }
    consider_client(consider);
    consider_server(consider);
    FERMO_CHECK(first);  // otherwise both would wait for ever
    return std::move(*first);
  }

  template <class Consider>
  void consider_client(const Consider& consider) {
    if (harness_.closed()) return;
    const bool server_gone = server_.end() && !to_client_.next() && !is_silent();
    if (broken_ || server_gone)
      return consider(now_, [this] { harness_.tls_awaited() ? harness_.answer_tls(false) : harness_.end_of_input(); });
    if (harness_.tls_awaited()) {
      return consider(client_heard_ + harness_.time_limit(), [this] { harness_.answer_tls(false); });
    }
    consider(to_client_.next(), [this] { client_heard_ = now_, harness_.receive(to_client_.take()); });
    consider(client_heard_ + harness_.time_limit(), [this] { harness_.expire(); });
  }

  template <class Consider>
  void consider_server(const Consider& consider) {
    if (server_.end()) return;
    const Time limit = (server_.session().authenticated() ? server_heard_ : Time(0)) + server_.session().time_limit();
    const bool client_gone = harness_.closed() && !to_server_.next() && !is_silent();
    if (server_.tls_awaited()) {
      if (broken_ || client_gone) return consider(now_, [this] { server_.answer_tls(false); });
      return consider(limit, [this] { server_.answer_tls(false); });
    }
    if (!server_.waiting()) return;
    if (broken_ || client_gone) return consider(now_, [this] { server_.end_of_input(); });
    consider(to_server_.next(), [this] { server_heard_ = now_, server_.receive(to_server_.take()); });
    consider(limit, [this] { server_.expire(); });
  }

  bool is_silent() const { return faults_.silent_at && now_ >= *faults_.silent_at; }

  client::Harness& harness_;
  Server& server_;
  const Faults& faults_;
  Chance& chance_;
  Way to_client_;
  Way to_server_;
  Time now_{0};
  Time client_heard_{0};
  Time server_heard_{0};
  std::optional<Time> client_ended_;
  std::optional<Time> work_ends_;
  bool broken_ = false;
};

}  // namespace fermo::pop3::simulation
