#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "imap/append_session.h"
#include "transcript.h"

/// The dialogues of tests/transcripts/imap: here S lines are what the session receives, and C lines what it sends.
///
/// Settings: tls starttls; token; password TEXT; folder NAME; not cut (what matters is that octets arrive together).
/// Events: end of input, expire. Steps and answers: start tls -> ok, failed · idle -> append, append undated, search
/// VALUE, header N, logout · content -> TEXT · appended · refused, deferred "WORDS" · found UID… · header "TEXT" ·
/// close END ["WORDS"] [passing] [unknown].
namespace fermo::imap {
namespace {

using transcripts::Dialogue;
using transcripts::in_quotes;
using transcripts::Party;

/// Of every message that is appended.
constexpr std::string_view message = "Subject: x\r\n\r\nbody\r\n";

std::string text_of(End end) {
  static const std::map<End, std::string> names = {{End::logout, "logout"},
                                                   {End::turned_away, "turned away"},
                                                   {End::closing, "closing"},
                                                   {End::starttls_not_offered, "starttls not offered"},
                                                   {End::starttls_refused, "starttls refused"},
                                                   {End::tls_failed, "tls failed"},
                                                   {End::injected, "injected"},
                                                   {End::no_login_method, "no login method"},
                                                   {End::login_refused, "login refused"},
                                                   {End::no_folder, "no folder"},
                                                   {End::disconnected, "disconnected"},
                                                   {End::timed_out, "timed out"},
                                                   {End::protocol_violation, "protocol violation"}};
  return names.at(end);
}

Settings settings_of(const Dialogue& dialogue) {
  Settings settings;
  settings.user = "mrose";
  settings.secret = Secret("tanstaaf");
  settings.host = "imap.example.org";
  settings.port = 993;
  settings.folder = "INBOX";
  if (has(dialogue, "tls starttls")) settings.tls = Tls::starttls;
  settings.token = has(dialogue, "token");
  for (const std::string& setting : dialogue.settings) {
    if (setting.starts_with("password ")) settings.secret = Secret(std::string_view(setting).substr(9));
    if (setting.starts_with("folder ")) settings.folder = setting.substr(7);
  }
  return settings;
}

class ClientParty final : public Party {
 public:
  explicit ClientParty(const Dialogue& dialogue) : session_(settings_of(dialogue)) {}

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
    if (asked == "content") return session_.content(message);
    if (answer == "append") return session_.append({message.size(), mail::DateTime{2034, 1, 2, 10, 4, 5, -90}});
    if (answer == "append undated") return session_.append({message.size(), std::nullopt});
    if (answer.starts_with("search ")) return session_.search({message.size(), "Message-ID", answer.substr(7)});
    if (answer.starts_with("header ")) {
      return session_.fetch_header(static_cast<std::uint32_t>(std::stoul(answer.substr(7))));
    }
    session_.logout();
  }

 private:
  Move step(std::string text) {
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
  Move move_of(const Appended&) { return step("appended"); }
  Move move_of(const Refused& refused) {
    return step((refused.for_good ? "refused" : "deferred") + in_quotes(refused.words));
  }
  Move move_of(const Found& found) {
    std::string text = "found";
    for (const auto uid : found.uids) text += " " + std::to_string(uid);
    return step(text);
  }
  Move move_of(const Header& header) { return step("header" + in_quotes(header.octets)); }
  static Move move_of(const Close& close) {
    std::string text = "close " + text_of(close.end);
    if (!close.words.empty()) text += in_quotes(close.words);
    if (close.passing) text += " passing";
    if (close.message_unknown) text += " unknown";
    return {Move::Kind::close, std::move(text)};
  }

  AppendSession session_;
  std::string asked_;
};

void play_and_check(const Dialogue& dialogue, const transcripts::Cut& cut) {
  ClientParty party(dialogue);
  play(dialogue, party, cut);
}

}  // namespace
}  // namespace fermo::imap

const fermo::transcripts::Suite fermo::transcripts::suite = {
    .session = Side::client, .dialogues_min = 15, .play = imap::play_and_check};
