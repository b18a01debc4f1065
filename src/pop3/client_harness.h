#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "pop3/client_session.h"

namespace fermo::pop3::client {

/// For tests and fuzzing: obeys the steps of one client session, gives it its orders, keeps what it learns, and aborts
/// at the first step that may not be. Knows nothing of how the session works inside.
class Harness {
 public:
  /// `orders` are given as the window opens, then QUIT unless `quits` is false.
  Harness(const Settings& settings, std::deque<Order> orders, bool quits = true)
      : settings_(settings),
        session_(settings),
        tls_active_(settings.tls == Tls::implicit),
        to_give_(std::move(orders)),
        quits_(quits) {
    obey();
  }

  // --- What happens --------------------------------------------------------------------------------------------------

  void receive(std::string_view octets) {
    if (close_) return;
    FERMO_CHECK(!tls_awaited_);
    session_.receive(octets);
    obey();
  }
  void receive_octet_by_octet(std::string_view octets) {
    for (std::size_t i = 0; i < octets.size() && !close_ && !tls_awaited_; ++i) receive(octets.substr(i, 1));
  }
  void end_of_input() { happen(&ClientSession::end_of_input); }
  void expire() { happen(&ClientSession::expire); }
  /// One more, behind those that were given at the beginning.
  void order(Order order) {
    to_give_.push_back(std::move(order));
    obey();
  }
  void answer_tls(bool ok, sasl::ChannelBinding binding = {}) {
    FERMO_CHECK(tls_awaited_);
    tls_awaited_ = false;
    tls_active_ = ok;
    session_.answer(TlsStarted{.ok = ok, .channel_binding = std::move(binding)});
    obey();
  }

  // --- What came of it -----------------------------------------------------------------------------------------------

  bool tls_awaited() const { return tls_awaited_; }
  bool closed() const { return close_.has_value(); }
  const Close& close() const { return *close_; }
  const std::optional<Ready>& ready() const { return ready_; }
  const std::optional<mail::DropListing>& status() const { return status_; }
  /// Octets sent and not yet taken.
  std::string take_sent() { return std::exchange(sent_, {}); }
  const std::string& sent() const { return all_sent_; }
  /// Whole messages, by the order that got them.
  const std::vector<std::pair<Order, std::string>>& messages() const { return messages_; }
  const std::vector<ScanListings::Entry>& scan_listings() const { return scan_listings_; }
  const std::vector<UniqueIds::Entry>& unique_ids() const { return unique_ids_; }
  const std::vector<OrderRefused>& refused() const { return refused_; }
  const std::vector<Order>& done() const { return done_; }
  std::size_t listings_ended() const { return listings_ended_; }
  /// Every order that was given has its outcome.
  bool idle() const { return to_give_.empty() && given_.empty(); }
  std::uint64_t unusable_lines() const { return unusable_lines_; }
  bool message_open() const { return begun_.has_value(); }
  std::size_t deepest() const { return deepest_; }
  const SessionRecord& record() const { return session_.record(); }
  std::chrono::seconds time_limit() const { return session_.time_limit(); }
  /// Every step but NeedInput and Idle, with the pieces of a message in one.
  const std::string& trace() const { return trace_; }

 private:
  void happen(void (ClientSession::*event)()) {
    if (close_ || tls_awaited_) return;
    (session_.*event)();
    obey();
    FERMO_CHECK(close_);
  }

  void obey() {
    while (!close_ && !tls_awaited_) {
      give_orders();
      Step step = session_.next();
      if (std::holds_alternative<NeedInput>(step)) return;
      if (std::holds_alternative<Idle>(step)) {
        FERMO_CHECK(ready_ && given_.empty());
        if (to_give_.empty() && !quits_) return;
        continue;
      }
      std::visit([this](auto& concrete) { take(concrete); }, step);
    }
    // However often it is asked.
    if (close_) FERMO_CHECK(std::get<Close>(session_.next()).end == close_->end);
  }

  void give_orders() {
    while (session_.window_open() && (!to_give_.empty() || quits_)) {
      if (to_give_.empty()) {
        quits_ = false;
        give(Order::quit());
      } else {
        give(to_give_.front());
        to_give_.pop_front();
      }
    }
  }

  void give(const Order& order) {
    orders_given_ = true;
    session_.order(order);
    given_.push_back(order);
    // One may be answered whose outcome is still among the steps to come.
    FERMO_CHECK(session_.orders_waiting() <= given_.size() && session_.orders_waiting() + 1 >= given_.size());
  }

  void take(NeedInput&) {}
  void take(Idle&) {}

  void take(Send& send) {
    FERMO_CHECK(send.octets.ends_with("\r\n"));
    for (std::string_view rest = send.octets; !rest.empty();) {
      const auto end = rest.find("\r\n");
      const auto line = rest.substr(0, end);
      FERMO_CHECK(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
      check_line(line);
      rest.remove_prefix(end + 2);
    }
    trace_ += send.octets;
    sent_ += send.octets;
    all_sent_ += send.octets;
  }

  void check_line(std::string_view line) {
    // Not a credential before TLS where it is demanded; no secret in the clear where that is not allowed.
    if (settings_.tls == Tls::stls && !tls_active_) FERMO_CHECK(line == "CAPA" || line == "STLS");
    if (!tls_active_ && !settings_.plaintext_logins) {
      FERMO_CHECK(line.find(settings_.secret.reveal()) == std::string_view::npos && !line.starts_with("PASS") &&
                  !line.starts_with("AUTH PLAIN") && !line.starts_with("AUTH LOGIN") &&
                  !line.starts_with("AUTH XOAUTH2") && !line.starts_with("AUTH OAUTHBEARER"));
    }
    FERMO_CHECK(!quit_sent_);
    if (!orders_given_ || line == "CAPA") return;
    quit_sent_ = line == "QUIT";
    under_way_.push_back(line.size() + 2);
    octets_under_way_ += line.size() + 2;
    deepest_ = std::max(deepest_, under_way_.size());
    const bool alone = ready_ && under_way_.size() == 1;
    const bool pipelining = !ready_ || ready_->capabilities.pipelining;  // what was so before Ready, take(Ready) checks
    FERMO_CHECK(alone || (octets_under_way_ <= settings_.window_octets && settings_.pipelining != Pipelining::off &&
                          pipelining));
  }

  void take(StartTls&) {
    FERMO_CHECK(settings_.tls == Tls::stls && !tls_active_ && all_sent_.ends_with("STLS\r\n"));
    trace_ += "<start tls>";
    tls_awaited_ = true;
  }

  void take(Ready& ready) {
    FERMO_CHECK(!ready_ && (under_way_.empty() || ready.capabilities_before_login.pipelining));
    trace_ += "<ready " + std::string(name_of(ready.method)) + ">";
    ready_ = std::move(ready);
  }

  /// An outcome belongs to the order that was given first of those that have none.
  void settle(Verb verb) {
    FERMO_CHECK(ready_ && !given_.empty() && given_.front().verb == verb && !under_way_.empty() && !begun_);
    trace_ += "<" + std::to_string(static_cast<int>(verb)) + ">";
    octets_under_way_ -= under_way_.front();
    under_way_.pop_front();
    given_.pop_front();
  }

  void take(Status& status) {
    settle(Verb::stat);
    status_ = status.listing;
    trace_ += std::to_string(status.listing.messages);
  }

  void take(ScanListings& part) {
    check_part(part.entries.size(), Verb::list);
    scan_listings_.insert(scan_listings_.end(), part.entries.begin(), part.entries.end());
    if (given_.front().message) settle(Verb::list);
  }

  void take(UniqueIds& part) {
    check_part(part.entries.size(), Verb::uidl);
    for (const auto& entry : part.entries) FERMO_CHECK(entry.unique_id.size() <= limits::remote_unique_id_octets_max);
    unique_ids_.insert(unique_ids_.end(), part.entries.begin(), part.entries.end());
    if (given_.front().message) settle(Verb::uidl);
  }

  void check_part(std::size_t entries, Verb verb) {
    FERMO_CHECK(ready_ && !given_.empty() && given_.front().verb == verb && !begun_);
    FERMO_CHECK(entries >= 1 && entries <= limits::client_listing_entries_at_once_max);
    trace_ += "<+" + std::to_string(entries) + ">";
  }

  void take(ListingEnded& ended) {
    settle(ended.verb);
    ++listings_ended_;
    unusable_lines_ += ended.unusable_lines;
  }

  void take(MessageBegun& begun) {
    FERMO_CHECK(ready_ && !begun_ && !given_.empty() && given_.front() == begun.order);
    FERMO_CHECK(begun.order.verb == Verb::retr || begun.order.verb == Verb::top);
    begun_ = begun.order;
    content_.clear();
    trace_ += "<begun>";
  }

  void take(MessagePiece& piece) {
    FERMO_CHECK(begun_ && !piece.octets.empty() && piece.octets.size() <= limits::message_piece_octets_max);
    content_ += piece.octets;
    FERMO_CHECK(content_.size() <= settings_.message_octets_max);
    trace_ += piece.octets;
  }

  void take(MessageEnded& ended) {
    FERMO_CHECK(begun_ == ended.order && content_.size() == ended.octets.value);
    begun_.reset();
    settle(ended.order.verb);
    messages_.emplace_back(ended.order, std::move(content_));
  }

  void take(OrderDone& done) {
    settle(done.order.verb);
    done_.push_back(done.order);
  }

  void take(OrderRefused& refused) {
    settle(refused.order.verb);
    check_text(refused.text);
    refused_.push_back(std::move(refused));
  }

  void take(Close& close) {
    check_text(close.text);
    check_text(close.sasl_error);
    FERMO_CHECK((close.end != End::quit && close.end != End::quit_failed) || quit_sent_);
    trace_ += "<close " + std::to_string(static_cast<int>(close.end)) + ">";
    close_ = std::move(close);
  }

  static void check_text(std::string_view text) {
    FERMO_CHECK(text.size() <= limits::client_text_octets_max + 64);  // with what goes before a server's words
    FERMO_CHECK(std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; }));
  }

  Settings settings_;
  ClientSession session_;
  bool tls_active_;
  bool tls_awaited_ = false;
  std::deque<Order> to_give_;
  bool quits_;
  bool orders_given_ = false;
  std::deque<Order> given_;            ///< Without an outcome.
  std::deque<std::size_t> under_way_;  ///< Octets of the orders sent.
  std::size_t octets_under_way_ = 0;
  std::size_t deepest_ = 0;
  bool quit_sent_ = false;
  std::string sent_;
  std::string all_sent_;
  std::string trace_;
  std::optional<Ready> ready_;
  std::optional<mail::DropListing> status_;
  std::vector<ScanListings::Entry> scan_listings_;
  std::vector<UniqueIds::Entry> unique_ids_;
  std::size_t listings_ended_ = 0;
  std::uint64_t unusable_lines_ = 0;
  std::optional<Order> begun_;
  std::string content_;
  std::vector<std::pair<Order, std::string>> messages_;
  std::vector<OrderRefused> refused_;
  std::vector<Order> done_;
  std::optional<Close> close_;
};

}  // namespace fermo::pop3::client
