#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mail/line_splitter.h"
#include "pop3/capability.h"
#include "pop3/command.h"
#include "pop3/maildrop_view.h"
#include "pop3/server_session.h"

namespace fermo::pop3 {

/// What stands behind ServerSession. The loop and the tables of transitions are in server_session.cc, what each command
/// does in authorization.cc and transaction.cc.
class ServerSession::Core {
 public:
  Core(ServerSettings settings, bool tls_active);

  void receive(std::string_view octets);
  void end_of_input() { input_ended_ = true; }
  void expire() { expired_ = true; }
  void shut_down() { shutting_down_ = true; }

  Step next();

  void answer(TlsStarted outcome);
  void answer(Verified outcome);
  void answer(MaildropOpened outcome);
  void answer(ScanListings outcome);
  void answer(MessageSent outcome);
  void answer(Committed outcome);

  std::chrono::seconds time_limit() const;
  bool authenticated() const { return maildrop_.has_value(); }
  const SessionRecord& record() const { return record_; }

 private:
  using Handler = void (Core::*)(std::string_view argument);
  struct Transition {
    Verb verb;
    Handler handler;
  };
  static std::span<const Transition> transitions_of_authorization();
  static std::span<const Transition> transitions_of_transaction();

  /// The answer that the last step wants.
  enum class Awaited { nothing, tls, verdict, maildrop, scan_listings, message, commit };
  static Awaited awaited_after(const Step& step);

  // The loop.
  void advance();
  void take_line();
  void wait_for_input();
  void refuse_long_line();
  void take_command(std::string_view line);
  std::size_t line_octets_max() const;
  void wipe_secrets();

  // Ways to answer a command.
  void push(Step step) { steps_.push_back(std::move(step)); }
  void send(std::string octets) { push(Send{std::move(octets)}); }
  void send_error(std::string reply);
  /// The client's mistake: counted, and too many of them end the session.
  void refuse(std::string_view text) { refuse_with(std::string_view(), text); }
  void refuse_with(std::string_view response_code, std::string_view text);
  /// Nothing that is still buffered or queued after this is looked at.
  void close(End end);
  void settle(Awaited answered);

  // AUTHORIZATION.
  void user(std::string_view argument);
  void pass(std::string_view argument);
  void auth(std::string_view argument);
  void stls(std::string_view argument);
  void quit_before_login(std::string_view argument);
  bool refused_for_want_of_tls();
  void list_mechanisms();
  void take_sasl_response(std::string_view line);
  void verify_plain(std::string_view response);
  void verify(sasl::PasswordLogin login);
  void fail_login(std::string reply, End end_when_too_many);

  // TRANSACTION.
  void stat(std::string_view argument);
  void list(std::string_view argument);
  void uidl(std::string_view argument);
  void retr(std::string_view argument);
  void top(std::string_view argument);
  void dele(std::string_view argument);
  void noop(std::string_view argument);
  void rset(std::string_view argument);
  void quit(std::string_view argument);

  // Both.
  void capa(std::string_view argument);

  /// False, and refused, when there is an argument.
  bool without_argument(std::string_view argument);
  /// Nothing, and refused, unless `word` is the number of a message that is held.
  std::optional<MessageNumber> held_message(std::string_view word);
  /// The same where the number is the only argument.
  std::optional<MessageNumber> only_message(std::string_view argument);
  CapabilityContext context() const { return {.tls_active = tls_active_, .authenticated = authenticated()}; }

  /// What a command does with one scan listing once it is there.
  using Use = void (Core::*)(MessageNumber number, const mail::ScanListing& listing);
  void with_scan_listing(MessageNumber number, Use use);
  void send_scan_listing(MessageNumber number, const mail::ScanListing& listing);
  void send_unique_id(MessageNumber number, const mail::ScanListing& listing);
  void send_message(MessageNumber number, const mail::ScanListing& listing);
  void mark(MessageNumber number, const mail::ScanListing& listing);

  /// One line of LIST or UIDL.
  using Line = std::string (*)(MessageNumber number, const mail::ScanListing& listing);
  void begin_listing(std::string head, Line line);
  struct Listing;
  void continue_listing(Listing& listing);
  void append_listed(Listing& listing, MaildropView::Page page);
  /// Only in TRANSACTION.
  MaildropView& maildrop();
  void ask_for_page(MessageNumber number);
  void fail_listing(const error_code& error);

  ServerSettings settings_;
  bool tls_active_;
  mail::LineSplitter splitter_;
  std::deque<Step> steps_;  ///< Made and not yet given out; never more than one command's.
  Awaited awaited_ = Awaited::nothing;
  bool input_wanted_ = false;
  bool input_ended_ = false;
  bool expired_ = false;
  bool shutting_down_ = false;
  bool secrets_buffered_ = false;
  std::optional<End> end_;
  unsigned mistakes_ = 0;
  SessionRecord record_;

  // AUTHORIZATION.
  std::optional<std::string> user_name_;  ///< Between USER and PASS.
  bool sasl_response_awaited_ = false;
  std::string account_;  ///< Verified, its maildrop not yet open.
  unsigned failed_logins_ = 0;

  // TRANSACTION.
  std::optional<MaildropView> maildrop_;
  struct Wanted {
    MessageNumber number;
    Use use;
  };
  std::optional<Wanted> wanted_;
  struct Listing {
    std::size_t listed;  ///< So many messages are through, marked ones included.
    Line line;
    std::string
        octets;  ///< To be sent; the first line not before the first page is there, whose failure can still be told.
  };
  std::optional<Listing> listing_;
  std::optional<MaildropView::Page> page_asked_;
  bool sending_whole_ = false;  ///< RETR, not TOP.
};

}  // namespace fermo::pop3
