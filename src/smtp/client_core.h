#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/line_splitter.h"
#include "mail/message_text.h"
#include "smtp/client_session.h"

/// The inside of ClientSession, for its own files: from the greeting to the login in client_login.cc, the mail in
/// client_mail.cc.
namespace fermo::smtp::client {

class ClientSession::Core {
 public:
  explicit Core(Settings settings);

  void receive(std::string_view octets);
  void end_of_input();
  void expire();
  void send(Message message);
  void quit();
  void content(std::string_view piece);
  void end_content();
  Step next();
  void answer(const TlsStarted& outcome);
  std::chrono::seconds time_limit() const;

 private:
  /// What takes a reply. One for each command that is not answered yet, in their order.
  using Taker = void (Core::*)(const Reply&);

  void push(Step step) { steps_.push_back(std::move(step)); }
  void close(End end, Reply reply = {});
  void violate(std::string what);
  void command(std::string line, Taker taker, bool secret = false);
  void read_lines();
  void take_line(std::string_view line);
  void take_reply(const Reply& reply);

  // client_login.cc
  void take_greeting(const Reply& reply);
  void say_hello();
  void take_hello(const Reply& reply);
  void take_helo(const Reply& reply);
  void take_starttls(const Reply& reply);
  void begin_login();
  bool begin_auth(sasl::Mechanism mechanism);
  void take_auth(const Reply& reply);
  void respond(const Reply& challenge);
  void ready() { idle_ = true; }

  // client_mail.cc
  std::string mail_command() const;
  void take_mail(const Reply& reply);
  void take_recipient(const Reply& reply);
  void take_data(const Reply& reply);
  void take_chunk(const Reply& reply);
  void take_delivered(const Reply& reply);
  void take_reset(const Reply& reply);
  void begin_mail();
  void take_quit(const Reply& reply);
  void refuse_envelope(const Reply& reply);
  void begin_content();
  void finish_message(MessageDone done);

  Settings settings_;
  mail::LineSplitter splitter_;
  std::deque<Step> steps_;
  std::deque<Taker> awaited_;
  Reply reply_;  ///< Its lines so far.
  std::size_t reply_lines_ = 0;
  Extensions extensions_;
  std::optional<Extensions> extensions_coming_;  ///< While the answer to EHLO comes.
  bool tls_active_ = false;
  bool tls_awaited_ = false;
  bool idle_ = false;
  bool closed_ = false;

  std::vector<sasl::Mechanism> mechanisms_;  ///< To be tried, the best last.
  std::unique_ptr<sasl::ClientMechanism> mechanism_;
  std::optional<Secret> initial_response_;
  unsigned challenges_ = 0;

  std::optional<Message> message_;
  std::optional<MessageDone> failed_;  ///< Of the message under way; its other replies say nothing new.
  bool in_chunks_ = false;             ///< BDAT, not DATA.
  bool content_wanted_ = false;
  bool all_sent_ = false;
  bool needs_reset_ = false;
  mail::DotStuffing stuffing_;
};

}  // namespace fermo::smtp::client
