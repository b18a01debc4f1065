#pragma once

#include <algorithm>
#include <boost/system/errc.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/failure.h"
#include "base/limits.h"
#include "smtp/server_session.h"

namespace fermo::smtp {

/// For tests and fuzzing: obeys the steps of one session with outcomes that `choose` makes up, and aborts at the first
/// step that may not be. Knows nothing of how the session works inside.
class SessionHarness {
 public:
  /// Gives a number below `bound`; called in the order in which the session asks, never for how its input is cut.
  using Choose = std::function<std::uint64_t(std::uint64_t bound)>;

  SessionHarness(const ServerSettings& settings, Choose choose) : session_(settings), choose_(std::move(choose)) {
    obey();
  }

  void receive(std::string_view octets) {
    if (closed_) return;
    received_ += octets;
    session_.receive(octets);
    obey();
  }
  /// Feeds octets one at a time, which makes the rules about what was said last exact.
  void receive_octet_by_octet(std::string_view octets) {
    octet_by_octet_ = true;
    for (std::size_t i = 0; i < octets.size(); ++i) receive(octets.substr(i, 1));
  }

  void end_of_input() { happen(&ServerSession::end_of_input); }
  void expire() { happen(&ServerSession::expire); }
  void shut_down() {
    if (closed_) return;
    session_.shut_down();
    obey();
  }

  /// Every step but NeedInput, and every octet sent.
  const std::string& trace() const { return trace_; }
  /// Wire forms of what was finished well.
  const std::vector<std::string>& stored() const { return stored_; }
  bool closed() const { return closed_; }
  const SessionRecord& record() const { return session_.record(); }

 private:
  void happen(void (ServerSession::*event)()) {
    if (closed_) return;
    (session_.*event)();
    obey();
    FERMO_CHECK(closed_);
  }

  void obey() {
    while (!closed_) {
      Step step = session_.next();
      // RFC 2033 §4.2: a reply for each recipient, and nothing between them.
      FERMO_CHECK(replies_due_.empty() || std::holds_alternative<Send>(step));
      if (std::holds_alternative<NeedInput>(step)) {
        FERMO_CHECK(session_.time_limit() > std::chrono::seconds(0));
        return;
      }
      std::visit([this](auto& concrete) { take(concrete); }, step);
    }
    // However often it is asked.
    FERMO_CHECK(std::get<Close>(session_.next()).end == end_);
  }

  void take(NeedInput&) {}

  void take(Send& send) {
    FERMO_CHECK(send.octets.ends_with("\r\n"));
    check_lines(send.octets);
    trace_ += send.octets;
    const bool good = send.octets.starts_with("250");
    if (!replies_due_.empty()) {
      const auto due = std::exchange(replies_due_.front(), {});
      replies_due_.pop_front();
      FERMO_CHECK(good == due.good && send.octets.find(due.recipient) != std::string::npos);
    } else {
      // Nobody is told of a delivery that the store has not confirmed.
      FERMO_CHECK(!send.octets.ends_with(" delivered\r\n"));
    }
    if (send.octets.starts_with("354")) data_began_at_ = received_.size();
    if (send.octets.starts_with("250-")) addressed_.clear();
  }

  static void check_lines(std::string_view octets) {
    while (!octets.empty()) {
      const auto end = octets.find("\r\n");
      FERMO_CHECK(end != std::string_view::npos && end >= 4 && end + 2 <= 512);
      const std::string_view line = octets.substr(0, end);
      FERMO_CHECK(line[0] >= '2' && line[0] <= '5' && (line[3] == ' ' || line[3] == '-'));
      FERMO_CHECK(std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
      octets.remove_prefix(end + 2);
    }
  }

  void take(ResolveRecipient& resolve) {
    FERMO_CHECK(!message_);
    trace_ += "<resolve " + resolve.recipient.text() + ">";
    const auto chosen = choose_(8);
    if (chosen == 0) return session_.answer(RecipientResolved{{boost::system::in_place_error, failure()}});
    if (chosen > 1) addressed_.push_back(resolve.recipient);
    session_.answer(RecipientResolved{chosen > 1});
  }

  void take(BeginMessage&) {
    FERMO_CHECK(!message_ && !addressed_.empty());
    trace_ += "<begin>";
    data_began_at_.reset();
    if (choose_(8) == 0) return session_.answer(MessageBegun{failure()});
    message_.emplace();
    session_.answer(MessageBegun{{}});
  }

  void take(Append& append) {
    FERMO_CHECK(message_ && !append.wire.empty() && append.wire.size() <= limits::message_piece_octets_max);
    trace_ += "<append " + append.wire + ">";
    *message_ += append.wire;
    if (choose_(8) == 0) return session_.answer(Appended{failure()});
    session_.answer(Appended{{}});
  }

  void take(FinishMessage& finish) {
    const auto& recipients = finish.envelope.recipients;
    FERMO_CHECK(message_ && content_has_ended() && !recipients.empty());
    check_wire_form(*message_, finish.summary);
    // What is addressed and abandoned with RSET stays in front.
    FERMO_CHECK(recipients.size() <= addressed_.size() &&
                std::ranges::equal(recipients.rbegin(), recipients.rend(), addressed_.rbegin(),
                                   addressed_.rbegin() + static_cast<std::ptrdiff_t>(recipients.size())));
    trace_ += "<finish " + std::to_string(finish.summary.octets.value) + ">";
    const bool good = choose_(4) != 0;
    for (const auto& recipient : recipients) replies_due_.push_back({"<" + recipient.text() + ">", good});
    if (good) stored_.push_back(*message_);
    addressed_.clear();
    message_.reset();
    good ? session_.answer(Finished{{}}) : session_.answer(Finished{failure()});
  }

  void take(AbandonMessage&) {
    FERMO_CHECK(message_);
    trace_ += "<abandon>";
    message_.reset();
  }

  void take(Close& close) {
    FERMO_CHECK(!message_);
    closed_ = true;
    end_ = close.end;
    trace_ += "<close " + std::to_string(static_cast<int>(close.end)) + ">";
  }

  /// What any POP3 client gets as it is: no line of it is ".", and no line end but CRLF.
  static void check_wire_form(std::string_view wire, const mail::WireSummary& summary) {
    FERMO_CHECK(summary.wire_octets.value == wire.size() && summary.header_wire_octets <= summary.wire_octets);
    std::uint64_t stuffed = 0;
    for (std::string_view rest = wire; !rest.empty();) {
      const auto end = rest.find("\r\n");
      FERMO_CHECK(end != std::string_view::npos);
      const std::string_view line = rest.substr(0, end);
      FERMO_CHECK(line.find_first_of("\r\n") == std::string_view::npos);
      FERMO_CHECK(!line.starts_with('.') || line.starts_with(".."));
      if (line.starts_with('.')) ++stuffed;
      rest.remove_prefix(end + 2);
    }
    FERMO_CHECK(summary.octets.value + stuffed == wire.size());
  }

  /// A message is finished only at the end of mail data after DATA, or of the last chunk.
  bool content_has_ended() const {
    if (!octet_by_octet_) return true;
    if (!data_began_at_) return last_chunk_has_ended();
    const std::string data = "\r\n" + received_.substr(*data_began_at_);
    return data.find("\r\n.\r\n") == data.size() - 5;
  }

  bool last_chunk_has_ended() const {
    std::string lower = received_;
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    for (auto at = lower.rfind("bdat "); at != std::string::npos && at > 0; at = lower.rfind("bdat ", at - 1)) {
      const auto line_end = lower.find("\r\n", at);
      if (line_end == std::string::npos) continue;
      const std::string line = lower.substr(at + 5, line_end - at - 5);
      const auto digits = line.find_first_not_of("0123456789");
      if (digits == 0 || digits > 9 || line.find("last") == std::string::npos) continue;
      if (line_end + 2 + std::stoul(line.substr(0, digits)) == lower.size()) return true;
    }
    return false;
  }

  error_code failure() {
    const auto chosen = choose_(6);
    if (chosen == 0) return make_error_code(boost::system::errc::no_space_on_device);
    return {static_cast<int>(chosen), failure_category()};
  }

  struct Due {
    std::string recipient;
    bool good;
  };

  ServerSession session_;
  Choose choose_;
  std::vector<mail::Address> addressed_;  ///< Known recipients since the last message or LHLO.
  std::optional<std::string> message_;    ///< What has been appended, while a message is open.
  std::deque<Due> replies_due_;
  std::vector<std::string> stored_;
  std::optional<std::size_t> data_began_at_;  ///< Where in what was received, when DATA began it.
  bool closed_ = false;
  std::optional<End> end_;
  bool octet_by_octet_ = false;
  std::string received_;
  std::string trace_;
};

}  // namespace fermo::smtp
