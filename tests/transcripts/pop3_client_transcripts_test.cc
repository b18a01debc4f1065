#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "pop3/client_session.h"
#include "transcript.h"

/// The dialogues of tests/transcripts/pop3_client: here S lines are what the session receives, and C lines what it
/// sends.
///
/// Settings: tls implicit, stls, none; plaintext logins; kind token, certificate; secret TEXT; methods NAME…;
/// pipelining off, probe, on; window N; remembered CAPABILITY…; binding; not cut (what matters is that octets arrive
/// together). Events: order VERB [N [LINES]], end of input, expire. Steps and answers: start tls -> ok, failed · ready
/// METHOD · status N N · scan listings N:OCTETS… · unique-ids N:ID… · ended VERB [N unusable] · begun N [OCTETS] ·
/// message N "CONTENT" · done VERB [N] · refused VERB [N] CODE "TEXT" · close END [CODE] ["TEXT"] [sasl "TEXT"]
/// [suspected].
namespace fermo::pop3::client {
namespace {

using transcripts::Dialogue;
using transcripts::in_quotes;
using transcripts::Party;
using transcripts::words_of;

const std::map<std::string, Verb> verbs = {{"stat", Verb::stat}, {"list", Verb::list}, {"uidl", Verb::uidl},
                                           {"retr", Verb::retr}, {"top", Verb::top},   {"dele", Verb::dele},
                                           {"noop", Verb::noop}, {"rset", Verb::rset}, {"quit", Verb::quit}};

std::string name_of_verb(Verb verb) {
  const auto found = std::ranges::find(verbs, verb, [](const auto& named) { return named.second; });
  return found->first;
}

std::string text_of(const Order& order) {
  return name_of_verb(order.verb) + (order.message ? " " + std::to_string(order.message->value()) : "");
}

std::string text_of(ResponseCode code) {
  static const std::map<ResponseCode, std::string> names = {{ResponseCode::none, ""},
                                                            {ResponseCode::in_use, " in-use"},
                                                            {ResponseCode::login_delay, " login-delay"},
                                                            {ResponseCode::sys_temp, " sys/temp"},
                                                            {ResponseCode::sys_perm, " sys/perm"},
                                                            {ResponseCode::auth, " auth"},
                                                            {ResponseCode::expire, " expire"},
                                                            {ResponseCode::other, " other"}};
  return names.at(code);
}

std::string text_of(End end) {
  static const std::map<End, std::string> names = {{End::quit, "quit"},
                                                   {End::quit_failed, "quit failed"},
                                                   {End::turned_away, "turned away"},
                                                   {End::stls_not_offered, "stls not offered"},
                                                   {End::stls_refused, "stls refused"},
                                                   {End::tls_failed, "tls failed"},
                                                   {End::injected, "injected"},
                                                   {End::remembered_outdated, "remembered outdated"},
                                                   {End::no_login_method, "no login method"},
                                                   {End::credentials_unusable, "credentials unusable"},
                                                   {End::login_refused, "login refused"},
                                                   {End::server_not_authentic, "server not authentic"},
                                                   {End::message_too_large, "message too large"},
                                                   {End::disconnected, "disconnected"},
                                                   {End::timed_out, "timed out"},
                                                   {End::protocol_violation, "protocol violation"}};
  return names.at(end);
}

LoginMethod method_named(const std::string& name) {
  if (name == "USER") return UserPass{};
  if (name == "APOP") return Apop{};
  return *sasl::mechanism_named(name);
}

void set(Settings& settings, const std::string& setting) {
  const auto words = words_of(setting);
  const std::string& last = words.back();
  if (words[0] == "tls") settings.tls = last == "stls" ? Tls::stls : (last == "none" ? Tls::none : Tls::implicit);
  if (setting == "plaintext logins") settings.plaintext_logins = true;
  if (setting == "kind token") settings.kind = CredentialKind::token;
  if (setting == "kind certificate") settings.kind = CredentialKind::certificate;
  if (words[0] == "secret") settings.secret = Secret(std::string_view(setting).substr(7));
  if (words[0] == "window") settings.window_octets = std::stoul(last);
  if (setting == "pipelining off") settings.pipelining = Pipelining::off;
  if (setting == "pipelining on") settings.pipelining = Pipelining::on;
  if (setting == "binding") settings.channel_binding = {sasl::ChannelBinding::Type::tls_exporter, "key"};
  if (words[0] == "remembered") {
    if (!settings.remembered_capabilities) settings.remembered_capabilities.emplace();
    auto& remembered = *settings.remembered_capabilities;
    remembered.known = true;
    remembered.take_line(setting.substr(11));
  }
  if (words[0] != "methods") return;
  for (std::size_t i = 1; i < words.size(); ++i) settings.methods.push_back(method_named(words[i]));
}

Settings settings_of(const Dialogue& dialogue) {
  Settings settings;
  settings.user = "mrose";
  settings.secret = Secret("tanstaaf");
  settings.host = "pop.example.org";
  settings.port = 995;
  for (const auto& setting : dialogue.settings) set(settings, setting);
  return settings;
}

Order order_of(const std::vector<std::string>& words) {
  Order order{.verb = verbs.at(words[1]), .message = {}};
  if (words.size() > 2) order.message = MessageNumber::from(std::stoull(words[2]));
  if (words.size() > 3) order.body_lines = std::stoull(words[3]);
  return order;
}

class ClientParty final : public Party {
 public:
  explicit ClientParty(const Dialogue& dialogue) : session_(settings_of(dialogue)) {}

  Move next() override {
    while (true) {
      Step step = session_.next();
      if (auto* piece = std::get_if<MessagePiece>(&step)) {
        content_ += piece->octets;
        continue;
      }
      return std::visit([this](auto& concrete) { return this->move_of(concrete); }, step);
    }
  }

  void receive(std::string_view octets) override { session_.receive(octets); }

  void happen(const std::string& event) override {
    if (event == "end of input") return session_.end_of_input();
    if (event == "expire") return session_.expire();
    if (event.starts_with("order ")) return session_.order(order_of(words_of(event)));
    ADD_FAILURE() << "no such event: " << event;
  }

  void answer(const std::string& answer) override { session_.answer(TlsStarted{answer == "ok", {}}); }

 private:
  static Move step(std::string text) { return {Move::Kind::step, std::move(text)}; }

  static Move move_of(const NeedInput&) { return {Move::Kind::need_input, {}}; }
  static Move move_of(const Idle&) { return {Move::Kind::need_input, {}}; }
  static Move move_of(const Send& send) { return {Move::Kind::send, send.octets}; }
  static Move move_of(const StartTls&) { return step("start tls"); }
  static Move move_of(const Ready& ready) { return step("ready " + std::string(name_of(ready.method))); }
  static Move move_of(const Status& status) {
    return step("status " + std::to_string(status.listing.messages) + " " +
                std::to_string(status.listing.octets.value));
  }
  static Move move_of(const ScanListings& part) {
    std::string text = "scan listings";
    for (const auto& entry : part.entries) {
      text += " " + std::to_string(entry.number.value()) + ":" + std::to_string(entry.octets.value);
    }
    return step(text);
  }
  static Move move_of(const UniqueIds& part) {
    std::string text = "unique-ids";
    for (const auto& entry : part.entries) text += " " + std::to_string(entry.number.value()) + ":" + entry.unique_id;
    return step(text);
  }
  static Move move_of(const ListingEnded& ended) {
    const auto unusable = ended.unusable_lines;
    return step("ended " + name_of_verb(ended.verb) +
                (unusable > 0 ? " " + std::to_string(unusable) + " unusable" : ""));
  }
  Move move_of(const MessageBegun& begun) {
    content_.clear();
    return step("begun " + std::to_string(begun.order.message->value()) +
                (begun.announced ? " " + std::to_string(begun.announced->value) : ""));
  }
  static Move move_of(const MessagePiece&) { return step("a piece by itself"); }
  Move move_of(const MessageEnded& ended) {
    EXPECT_EQ(ended.octets.value, content_.size());
    return step("message " + std::to_string(ended.order.message->value()) + in_quotes(content_));
  }
  static Move move_of(const OrderDone& done) { return step("done " + text_of(done.order)); }
  static Move move_of(const OrderRefused& refused) {
    return step("refused " + text_of(refused.order) + text_of(refused.code) + in_quotes(refused.text));
  }
  static Move move_of(const Close& close) {
    std::string text = "close " + text_of(close.end) + text_of(close.code);
    if (!close.text.empty()) text += in_quotes(close.text);
    if (!close.sasl_error.empty()) text += " sasl" + in_quotes(close.sasl_error);
    if (close.pipelining_suspected) text += " suspected";
    return {Move::Kind::close, std::move(text)};
  }

  ClientSession session_;
  std::string content_;
};

void play_and_check(const Dialogue& dialogue, const transcripts::Cut& cut) {
  ClientParty party(dialogue);
  play(dialogue, party, cut);
}

}  // namespace
}  // namespace fermo::pop3::client

const fermo::transcripts::Suite fermo::transcripts::suite = {
    .session = Side::client, .dialogues_min = 25, .play = pop3::client::play_and_check};
