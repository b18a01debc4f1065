#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/failure.h"
#include "pop3/server_session.h"

namespace fermo::pop3 {

/// For tests and fuzzing: obeys the steps of one session with outcomes that `choose` makes up, and aborts at the first
/// step that may not be. Knows nothing of how the session works inside.
class SessionHarness {
 public:
  /// Gives a number below `bound`; called in the order in which the session asks, never for how its input is cut.
  using Choose = std::function<std::uint64_t(std::uint64_t bound)>;

  SessionHarness(const ServerSettings& settings, bool tls_active, Choose choose)
      : session_(settings, tls_active),
        passwords_allowed_(tls_active || settings.plaintext_logins),
        tls_active_(tls_active),
        choose_(std::move(choose)) {
    obey();
  }

  void receive(std::string_view octets) {
    if (closed_) return;
    received_ += octets;
    session_.receive(octets);
    obey();
  }
  /// Feeds pieces that end where a line ends at the latest, which makes the rules about what was said last exact.
  /// `piece_octets` is given what is left and says how much of it comes next.
  template <class PieceOctets>
  void receive_within_lines(std::string_view octets, PieceOctets piece_octets) {
    within_lines_ = true;
    while (!octets.empty()) {
      const std::string_view piece = octets.substr(0, piece_octets(octets));
      FERMO_CHECK(!piece.empty() && piece.find('\n') >= piece.size() - 1);
      receive(piece);
      octets.remove_prefix(piece.size());
    }
  }
  void receive_octet_by_octet(std::string_view octets) {
    receive_within_lines(octets, [](std::string_view) { return std::size_t{1}; });
  }

  void end_of_input() { happen(&ServerSession::end_of_input); }
  void expire() { happen(&ServerSession::expire); }
  void shut_down() { happen(&ServerSession::shut_down); }

  bool closed() const { return closed_; }
  /// Every step but NeedInput, and every octet sent.
  const std::string& trace() const { return trace_; }
  bool started_tls() const { return started_tls_; }
  bool committed() const { return committed_; }

 private:
  void happen(void (ServerSession::*event)()) {
    if (closed_) return;
    (session_.*event)();
    obey();
    // It was waiting for input, so that nothing was half done.
    FERMO_CHECK(closed_);
  }

  void obey() {
    while (!closed_) {
      Step step = session_.next();
      if (std::holds_alternative<NeedInput>(step)) {
        FERMO_CHECK(sent_.empty() || sent_.ends_with("\r\n"));
        FERMO_CHECK(session_.authenticated() == opened_ && session_.time_limit() > std::chrono::seconds(0));
        return;
      }
      FERMO_CHECK(!committed_ || std::holds_alternative<Send>(step) || std::holds_alternative<Close>(step));
      std::visit([this](auto& concrete) { take(concrete); }, step);
    }
    // However often it is asked.
    FERMO_CHECK(std::get<Close>(session_.next()).end == end_);
  }

  void take(NeedInput&) {}

  void take(Send& send) {
    FERMO_CHECK(send.octets.ends_with("\r\n"));
    check_lines(send.octets);
    sent_ = send.octets;
    trace_ += send.octets;
  }

  static void check_lines(std::string_view octets) {
    while (!octets.empty()) {
      const auto end = octets.find("\r\n");
      FERMO_CHECK(end != std::string_view::npos && end + 2 <= 512);
      FERMO_CHECK(octets.substr(0, end).find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
      octets.remove_prefix(end + 2);
    }
  }

  void take(StartTls&) {
    // Nothing is buffered: what came last is the line of STLS itself.
    FERMO_CHECK(!tls_active_ && !opened_ && last_line_is("STLS") && sent_.starts_with("+OK"));
    trace_ += "<start tls>";
    started_tls_ = true;
    const bool ok = choose_(4) != 0;
    tls_active_ = ok;
    passwords_allowed_ = passwords_allowed_ || ok;
    session_.answer(TlsStarted{ok});
  }

  void take(Verify& verify) {
    FERMO_CHECK(passwords_allowed_ && !opened_);
    FERMO_CHECK(!verify.login.authentication_identity.empty() && !verify.login.password.reveal().empty());
    FERMO_CHECK(verify.login.password.reveal().find('\0') == std::string_view::npos);
    trace_ +=
        "<verify " + verify.login.authentication_identity + " " + std::string(verify.login.password.reveal()) + ">";
    verified_ = false;
    switch (choose_(16)) {
      case 0:
        return session_.answer(Verified{sasl::Verdict::refused, {}});
      case 1:
        return session_.answer(Verified{sasl::Verdict::disabled, {}});
      case 2:
        return session_.answer(Verified{failure(), {}});
      case 3:
        return session_.answer(Verified{sasl::Verdict::throttled, {}});
    }
    verified_ = true;
    session_.answer(Verified{sasl::Verdict::accepted, "account"});
  }

  void take(OpenMaildrop& open) {
    FERMO_CHECK(verified_ && !opened_ && open.account == "account");
    trace_ += "<open>";
    if (choose_(8) == 0) return session_.answer(MaildropOpened{failure()});
    opened_ = true;
    // Few, or as many as need some pages of scan listings; those cost the fuzzer as much as a hundred other sessions.
    messages_ = choose_(16) == 0 ? choose_(3 * limits::scan_listings_at_once_max) : choose_(10);
    session_.answer(MaildropOpened{mail::DropListing{.messages = messages_, .octets = {choose_(1U << 30U)}}});
  }

  void take(ReadScanListings& read) {
    FERMO_CHECK(opened_ && read.count >= 1 && read.count <= limits::scan_listings_at_once_max);
    FERMO_CHECK(read.first.value() + read.count - 1 <= messages_);
    trace_ += "<read " + std::to_string(read.first.value()) + "+" + std::to_string(read.count) + ">";
    if (choose_(16) == 0) return session_.answer(ScanListings{failure()});
    // A store that miscounts must not get the session to misbehave.
    const auto count = choose_(32) == 0 ? choose_(read.count + 2) : read.count;
    std::vector<mail::ScanListing> listings;
    for (std::uint64_t i = 0; i < count; ++i) {
      listings.push_back({.unique_id = *mail::UniqueId::from("id" + std::to_string(read.first.value() + i)),
                          .octets = {choose_(1U << 20U)}});
    }
    session_.answer(ScanListings{std::move(listings)});
  }

  void take(SendMessage& message) {
    FERMO_CHECK(opened_ && message.number.value() <= messages_);
    FERMO_CHECK(message.preface.starts_with("+OK") && message.preface.ends_with("\r\n"));
    check_lines(message.preface);
    trace_ += "<send " + std::to_string(message.number.value()) + " " + message.preface + ">";
    switch (choose_(16)) {
      case 0:
        return session_.answer(MessageSent{failure(), false});
      case 1:
        return session_.answer(MessageSent{failure(), true});
    }
    session_.answer(MessageSent{{}, true});
  }

  void take(Commit& commit) {
    // The only way to lose mail: the client has logged in, and said QUIT.
    FERMO_CHECK(opened_ && !committed_ && said_quit());
    FERMO_CHECK(!commit.deletions.empty() && commit.deletions.back().value() <= messages_);
    FERMO_CHECK(std::ranges::adjacent_find(commit.deletions, std::greater_equal()) == commit.deletions.end());
    committed_ = true;
    trace_ += "<commit";
    for (const auto number : commit.deletions) trace_ += " " + std::to_string(number.value());
    trace_ += ">";
    if (choose_(4) == 0) return session_.answer(Committed{failure()});
    session_.answer(Committed{{}});
  }

  void take(Close& close) {
    closed_ = true;
    end_ = close.end;
    trace_ += "<close " + std::to_string(static_cast<int>(close.end)) + ">";
    FERMO_CHECK(!committed_ || close.end == End::quit || close.end == End::failure);
    const SessionRecord& record = session_.record();
    FERMO_CHECK(record.authenticated == opened_ && record.deleted <= messages_ && (committed_ || record.deleted == 0));
  }

  error_code failure() { return {static_cast<int>(choose_(5) + 1), failure_category()}; }

  /// Input that is cut anywhere leaves commands behind the QUIT, so that only within lines the last line is the one.
  bool said_quit() const {
    std::string upper = received_;
    std::ranges::transform(upper, upper.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return within_lines_ ? last_line_is("QUIT") : upper.find("QUIT") != std::string::npos;
  }

  bool last_line_is(std::string_view keyword) const {
    if (!received_.ends_with('\n')) return false;
    const std::string_view lines = std::string_view(received_).substr(0, received_.size() - 1);
    const auto before = lines.rfind('\n');
    const auto line = before == std::string_view::npos ? lines : lines.substr(before + 1);
    return line.size() >= keyword.size() &&
           std::ranges::equal(line.substr(0, keyword.size()), keyword, {}, [](char c) { return c & ~0x20; });
  }

  ServerSession session_;
  bool passwords_allowed_;
  bool tls_active_;
  Choose choose_;
  bool verified_ = false;
  bool opened_ = false;
  std::uint64_t messages_ = 0;
  bool committed_ = false;
  bool started_tls_ = false;
  bool closed_ = false;
  std::optional<End> end_;
  bool within_lines_ = false;
  std::string received_;
  std::string sent_;
  std::string trace_;
};

}  // namespace fermo::pop3
