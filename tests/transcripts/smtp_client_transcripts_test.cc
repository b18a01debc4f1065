#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "mail/message_text.h"
#include "smtp/client_session.h"
#include "transcript.h"

/// The dialogues of tests/transcripts/smtp_client: here S lines are what the session receives, and C lines what it
/// sends.
///
/// Settings: lmtp; tls implicit, starttls; login; token; long lines, 8-bit (of the message); to ADDRESS; from ADDRESS;
/// not cut (what matters is that octets arrive together). Events: end of input, expire. Steps and answers: start tls ->
/// ok, failed · idle -> send, send long, quit · content -> TEXT · delivered, refused, deferred [envelope] "WORDS" ·
/// close END
/// ["WORDS"] [unknown].
namespace fermo::smtp::client {
namespace {

using transcripts::Dialogue;
using transcripts::in_quotes;
using transcripts::Party;

std::string text_of(End end) {
  static const std::map<End, std::string> names = {{End::quit, "quit"},
                                                   {End::turned_away, "turned away"},
                                                   {End::closing, "closing"},
                                                   {End::starttls_not_offered, "starttls not offered"},
                                                   {End::starttls_refused, "starttls refused"},
                                                   {End::tls_failed, "tls failed"},
                                                   {End::injected, "injected"},
                                                   {End::no_login_method, "no login method"},
                                                   {End::login_refused, "login refused"},
                                                   {End::disconnected, "disconnected"},
                                                   {End::timed_out, "timed out"},
                                                   {End::protocol_violation, "protocol violation"}};
  return names.at(end);
}

std::string words_of(const Reply& reply) {
  return reply.code == 0 ? reply.text : reply.words();
}

Settings settings_of(const Dialogue& dialogue) {
  Settings settings;
  settings.own_name = "me.example.org";
  settings.host = "mail.example.org";
  settings.port = 587;
  if (has(dialogue, "lmtp")) settings.protocol = Protocol::lmtp;
  if (has(dialogue, "tls implicit")) settings.tls = Tls::implicit;
  if (has(dialogue, "tls starttls")) settings.tls = Tls::starttls;
  if (has(dialogue, "login")) settings.login = {"mrose", Secret("tanstaaf"), false};
  if (has(dialogue, "token")) settings.login = {"mrose", Secret("token"), true};
  return settings;
}

Message message_of(const Dialogue& dialogue) {
  Message message;
  message.recipient = "ann@example.org";
  message.octets = 10;
  message.line_octets_max = has(dialogue, "long lines") ? 999 : 8;
  message.eight_bit = has(dialogue, "8-bit");
  for (const std::string& setting : dialogue.settings) {
    if (setting.starts_with("to ")) message.recipient = setting.substr(3);
    if (setting.starts_with("from ")) message.reverse_path = setting.substr(5);
  }
  return message;
}

class ClientParty final : public Party {
 public:
  explicit ClientParty(const Dialogue& dialogue) : session_(settings_of(dialogue)), message_(message_of(dialogue)) {}

  Move next() override {
    Step step = session_.next();
    return std::visit([this](auto& concrete) { return this->move_of(concrete); }, step);
  }

  void receive(std::string_view octets) override { session_.receive(octets); }

  void happen(const std::string& event) override {
    if (event == "end of input") return session_.end_of_input();
    if (event == "expire") return session_.expire();
    ADD_FAILURE() << "no such event: " << event;
  }

  void answer(const std::string& answer) override {
    const std::string asked = std::exchange(asked_, {});
    if (asked == "start tls") return session_.answer(TlsStarted{answer == "ok", {}});
    if (asked == "content") return give(answer);
    if (answer == "quit") return session_.quit();
    Message message = message_;
    if (answer == "send long") message.line_octets_max = 999;
    session_.send(std::move(message));
  }

 private:
  void give(std::string_view content) {
    mail::MessageText converter;
    std::string text;
    converter.convert(content, text);
    converter.finish(text);
    if (given_ || text.empty()) return session_.end_content();
    given_ = true;
    session_.content(text);
  }

  Move step(std::string text) {
    if (text == "idle") given_ = false;
    asked_ = text;
    return {Move::Kind::step, std::move(text)};
  }
  static Move move_of(const NeedInput&) { return {Move::Kind::need_input, {}}; }
  Move move_of(const Idle&) {
    if (asked_ == "idle") return {Move::Kind::need_input, {}};  // the dialogue ends here
    return step("idle");
  }
  static Move move_of(const Send& send) { return {Move::Kind::send, send.octets}; }
  Move move_of(const StartTls&) { return step("start tls"); }
  Move move_of(const NeedContent&) { return step("content"); }
  Move move_of(const MessageDone& done) {
    using Outcome = MessageDone::Outcome;
    std::string text = done.outcome == Outcome::delivered ? "delivered" : "refused";
    if (done.outcome == Outcome::deferred) text = "deferred";
    if (done.of_envelope) text += " envelope";
    return step(text + in_quotes(words_of(done.reply)));
  }
  static Move move_of(const Close& close) {
    std::string text = "close " + text_of(close.end);
    if (const std::string words = words_of(close.reply); !words.empty()) text += in_quotes(words);
    if (close.message_unknown) text += " unknown";
    return {Move::Kind::close, std::move(text)};
  }

  ClientSession session_;
  const Message message_;
  std::string asked_;
  bool given_ = false;
};

void play_and_check(const Dialogue& dialogue, const transcripts::Cut& cut) {
  ClientParty party(dialogue);
  play(dialogue, party, cut);
}

}  // namespace
}  // namespace fermo::smtp::client

const fermo::transcripts::Suite fermo::transcripts::suite = {
    .session = Side::client, .dialogues_min = 25, .play = smtp::client::play_and_check};
