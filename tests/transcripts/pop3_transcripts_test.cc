#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/failure.h"
#include "pop3/server_session.h"
#include "transcript.h"

/// The POP3 dialogues of tests/transcripts/pop3.
///
/// Settings: tls available, tls active, plaintext logins, login delay N, expire N, expire never, implementation TEXT,
/// not cut (what matters is that octets arrive together).
/// Steps and answers: start tls -> ok, failed · verify NAME [for NAME] "PASSWORD" -> accepted NAME, refused, disabled,
/// failed F · open maildrop NAME -> N messages N octets, failed F · read scan listings FIRST+COUNT -> OCTETS ID, …;
/// generated; failed F · send message N [with N lines] after "LINE" -> sent, failed F, broke off F · commit N… -> done,
/// failed F · close END. F is a Failure: temporary, permanent, in_use, no_such_thing, unknown. Events: end of input,
/// expire, shut down.
/// "@ record …" says what the session's record must hold at the end.
namespace fermo::pop3 {
namespace {

using transcripts::Dialogue;
using transcripts::Overloaded;
using transcripts::Party;
using transcripts::words_of;

std::string end_name(End end) {
  switch (end) {
    case End::quit:
      return "quit";
    case End::disconnected:
      return "disconnected";
    case End::autologout:
      return "autologout";
    case End::too_many_errors:
      return "too many errors";
    case End::too_many_logins:
      return "too many logins";
    case End::tls_failed:
      return "tls failed";
    case End::protocol_violation:
      return "protocol violation";
    case End::failure:
      return "failure";
    case End::shut_down:
      return "shut down";
  }
  return "?";
}

error_code error_named(const std::string& name) {
  static const std::map<std::string, Failure> failures = {{"temporary", Failure::temporary},
                                                          {"permanent", Failure::permanent},
                                                          {"in_use", Failure::in_use},
                                                          {"no_such_thing", Failure::no_such_thing},
                                                          {"unknown", Failure::unknown}};
  return {static_cast<int>(failures.at(name)), failure_category()};
}

std::string line_of(const std::string& preface) {
  return preface.ends_with("\r\n") ? '"' + preface.substr(0, preface.size() - 2) + '"' : "(no whole line) " + preface;
}

std::string text_of(const Verify& verify) {
  const auto& login = verify.login;
  std::string text = "verify " + login.authentication_identity;
  if (!login.authorization_identity.empty()) text += " for " + login.authorization_identity;
  return text + " \"" + std::string(login.password.reveal()) + '"';
}

std::string text_of(const SendMessage& message) {
  std::string text = "send message " + std::to_string(message.number.value());
  if (message.body_lines) text += " with " + std::to_string(*message.body_lines) + " lines";
  return text + " after " + line_of(message.preface);
}

std::string text_of(const Commit& commit) {
  std::string text = "commit";
  for (const auto number : commit.deletions) text += " " + std::to_string(number.value());
  return text;
}

ServerSettings settings_of(const Dialogue& dialogue) {
  ServerSettings settings;
  settings.host_name = "pop.example.org";
  for (const auto& setting : dialogue.settings) {
    if (setting == "tls available") settings.tls_available = true;
    if (setting == "plaintext logins") settings.plaintext_logins = true;
    if (setting == "expire never") settings.expire_never = true;
    const auto words = words_of(setting);
    if (words[0] == "expire" && words[1] != "never") {
      settings.expire_days = static_cast<std::uint32_t>(std::stoul(words[1]));
    }
    if (words[0] == "login") settings.login_delay = std::chrono::seconds(std::stol(words[2]));
    if (words[0] == "implementation") settings.implementation = setting.substr(15);
  }
  return settings;
}

class Pop3Party final : public Party {
 public:
  explicit Pop3Party(const Dialogue& dialogue) : session_(settings_of(dialogue), has(dialogue, "tls active")) {}

  Move next() override {
    step_ = session_.next();
    return std::visit(
        Overloaded{
            [](const NeedInput&) { return Move{Move::Kind::need_input, {}}; },
            [](const Send& send) { return Move{Move::Kind::send, send.octets}; },
            [](const StartTls&) { return Move{Move::Kind::step, "start tls"}; },
            [](const OpenMaildrop& open) { return Move{Move::Kind::step, "open maildrop " + open.account}; },
            [](const ReadScanListings& read) {
              return Move{Move::Kind::step, "read scan listings " + std::to_string(read.first.value()) + "+" +
                                                std::to_string(read.count)};
            },
            [](const Close& close) { return Move{Move::Kind::close, "close " + end_name(close.end)}; },
            [](const auto& other) { return Move{Move::Kind::step, text_of(other)}; },
        },
        *step_);
  }

  void receive(std::string_view octets) override { session_.receive(octets); }

  void happen(const std::string& event) override {
    if (event == "end of input") return session_.end_of_input();
    if (event == "expire") return session_.expire();
    if (event == "shut down") return session_.shut_down();
    ADD_FAILURE() << "no such event: " << event;
  }

  void answer(const std::string& answer) override {
    std::visit(Overloaded{
                   [&](const StartTls&) { session_.answer(TlsStarted{answer == "ok"}); },
                   [&](const Verify&) { session_.answer(verified(words_of(answer))); },
                   [&](const OpenMaildrop&) { session_.answer(opened(words_of(answer))); },
                   [&](const ReadScanListings& read) { session_.answer(listings(read, answer)); },
                   [&](const SendMessage&) { session_.answer(sent(words_of(answer))); },
                   [&](const Commit&) { session_.answer(Committed{outcome(words_of(answer))}); },
                   [&](const auto&) { ADD_FAILURE() << "this step wants no answer: " << answer; },
               },
               *step_);
  }

  const ServerSession& session() const { return session_; }

 private:
  static Result<void> outcome(const std::vector<std::string>& words) {
    if (words.front() == "done" || words.front() == "sent") return {};
    return error_named(words.back());
  }

  static Verified verified(const std::vector<std::string>& words) {
    if (words[0] == "accepted") return {sasl::Verdict::accepted, words[1]};
    if (words[0] == "failed") return {error_named(words[1]), {}};
    return {words[0] == "disabled" ? sasl::Verdict::disabled : sasl::Verdict::refused, {}};
  }

  static MaildropOpened opened(const std::vector<std::string>& words) {
    if (words[0] == "failed") return {error_named(words[1])};
    return {mail::DropListing{.messages = std::stoull(words[0]), .octets = {std::stoull(words[2])}}};
  }

  static mail::ScanListing listing(const std::string& unique_id, std::uint64_t octets) {
    return {.unique_id = *mail::UniqueId::from(unique_id), .octets = {octets}};
  }

  static ScanListings listings(const ReadScanListings& read, const std::string& answer) {
    if (answer.starts_with("failed")) return {error_named(words_of(answer)[1])};
    std::vector<mail::ScanListing> listings;
    if (answer == "generated") {
      for (auto n = read.first.value(); n < read.first.value() + read.count; ++n) {
        listings.push_back(listing("id" + std::to_string(n), n));
      }
      return {std::move(listings)};
    }
    const auto words = words_of(answer);
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
      listings.push_back(listing(words[i + 1].substr(0, words[i + 1].find(',')), std::stoull(words[i])));
    }
    return {std::move(listings)};
  }

  static MessageSent sent(const std::vector<std::string>& words) {
    return {outcome(words), words.front() == "sent" || words.front() == "broke"};
  }

  ServerSession session_;
  std::optional<Step> step_;
};

// --- The tests -------------------------------------------------------------------------------------------------------

std::string text_of(const SessionRecord& record) {
  std::ostringstream text;
  text << "record user=" << record.user << (record.authenticated ? " authenticated" : "")
       << " commands=" << record.commands << " errors=" << record.errors << " retrieved=" << record.retrieved
       << " topped=" << record.topped << " deleted=" << record.deleted;
  return text.str();
}

void play_and_check(const Dialogue& dialogue, const transcripts::Cut& cut) {
  Pop3Party party(dialogue);
  play(dialogue, party, cut);
  for (const auto& setting : dialogue.settings) {
    if (!setting.starts_with("record ")) continue;
    EXPECT_EQ(text_of(party.session().record()), setting) << dialogue.title;
  }
}

}  // namespace
}  // namespace fermo::pop3

const fermo::transcripts::Suite fermo::transcripts::suite = {
    .session = Side::server, .dialogues_min = 40, .play = pop3::play_and_check};
