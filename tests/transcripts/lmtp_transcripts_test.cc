#include <gtest/gtest.h>

#include <algorithm>
#include <boost/system/errc.hpp>
#include <cctype>
#include <map>
#include <optional>

#include "base/failure.h"
#include "smtp/server_session.h"
#include "transcript.h"

/// The LMTP dialogues of tests/transcripts/lmtp.
///
/// Settings: size N, recipients N; greeted: LHLO has been said before the dialogue begins; addressed: so have MAIL from
/// <s@b.example> and RCPT to <alice@example.org> and <bob@example.org>.
/// Steps and answers: resolve ADDRESS -> known, unknown, failed F · begin -> ok, failed F · append "OCTETS" (or their
/// count, when they are many) -> ok, failed F · finish from <PATH> to <PATH>… N octets, N in wire form, header N [utf8]
/// -> ok, failed F · abandon · close END. F is a Failure (temporary, permanent, in_use, no_such_thing, unknown) or
/// no_space. Events: end of input, expire, shut down.
namespace fermo::smtp {
namespace {

using transcripts::Dialogue;
using transcripts::Overloaded;
using transcripts::Party;

std::string end_name(End end) {
  switch (end) {
    case End::quit:
      return "quit";
    case End::disconnected:
      return "disconnected";
    case End::timed_out:
      return "timed out";
    case End::too_many_errors:
      return "too many errors";
    case End::protocol_violation:
      return "protocol violation";
    case End::shutting_down:
      return "shutting down";
  }
  return "?";
}

error_code error_named(const std::string& name) {
  static const std::map<std::string, Failure> failures = {{"temporary", Failure::temporary},
                                                          {"permanent", Failure::permanent},
                                                          {"in_use", Failure::in_use},
                                                          {"no_such_thing", Failure::no_such_thing},
                                                          {"unknown", Failure::unknown}};
  if (name == "no_space") return make_error_code(boost::system::errc::no_space_on_device);
  return {static_cast<int>(failures.at(name)), failure_category()};
}

std::string text_of(const Append& append) {
  if (append.wire.size() > 200) return "append " + std::to_string(append.wire.size()) + " octets";
  std::string text = "append";
  for (std::string_view rest = append.wire; !rest.empty();) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    text.append(" \"").append(rest.substr(0, end)).append(end < rest.size() ? "\"" : "\" without CRLF");
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return text;
}

std::string text_of(const FinishMessage& finish) {
  const Envelope& envelope = finish.envelope;
  std::string text = "finish from <" + (envelope.reverse_path ? envelope.reverse_path->text() : "") + "> to";
  for (const mail::Address& recipient : envelope.recipients) text += " <" + recipient.text() + ">";
  text += " " + std::to_string(finish.summary.octets.value) + " octets, " +
          std::to_string(finish.summary.wire_octets.value) + " in wire form, header " +
          std::to_string(finish.summary.header_wire_octets.value);
  return envelope.smtputf8 ? text + " utf8" : text;
}

ServerSettings settings_of(const Dialogue& dialogue) {
  ServerSettings settings;
  settings.host_name = "mx.example.org";
  for (const auto& setting : dialogue.settings) {
    if (setting.starts_with("size ")) settings.message_octets_max = std::stoull(setting.substr(5));
    if (setting.starts_with("recipients ")) settings.recipients_max = std::stoul(setting.substr(11));
  }
  return settings;
}

class LmtpParty final : public Party {
 public:
  explicit LmtpParty(const Dialogue& dialogue) : session_(settings_of(dialogue)) {
    if (has(dialogue, "greeted") || has(dialogue, "addressed")) take_for_granted("LHLO client.example\r\n");
    if (has(dialogue, "addressed")) {
      take_for_granted("MAIL FROM:<s@b.example>\r\nRCPT TO:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\n");
    }
  }

  Move next() override {
    step_ = session_.next();
    return std::visit(Overloaded{
                          [](const NeedInput&) { return Move{Move::Kind::need_input, {}}; },
                          [](const Send& send) { return Move{Move::Kind::send, send.octets}; },
                          [](const ResolveRecipient& resolve) {
                            return Move{Move::Kind::step, "resolve " + resolve.recipient.text()};
                          },
                          [](const BeginMessage&) { return Move{Move::Kind::step, "begin"}; },
                          [](const AbandonMessage&) { return Move{Move::Kind::step, "abandon"}; },
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
                   [&](const ResolveRecipient&) { session_.answer(RecipientResolved{known(answer)}); },
                   [&](const BeginMessage&) { session_.answer(MessageBegun{outcome(answer)}); },
                   [&](const Append&) { session_.answer(Appended{outcome(answer)}); },
                   [&](const FinishMessage&) { session_.answer(Finished{outcome(answer)}); },
                   [&](const auto&) { ADD_FAILURE() << "this step wants no answer: " << answer; },
               },
               *step_);
  }

 private:
  void take_for_granted(std::string_view commands) {
    session_.receive(commands);
    for (Step step = session_.next(); !std::holds_alternative<NeedInput>(step); step = session_.next()) {
      if (std::holds_alternative<ResolveRecipient>(step)) session_.answer(RecipientResolved{true});
    }
  }

  static Result<bool> known(const std::string& answer) {
    if (answer == "known" || answer == "unknown") return answer == "known";
    return {boost::system::in_place_error, error_named(answer.substr(std::string_view("failed ").size()))};
  }

  static Result<void> outcome(const std::string& answer) {
    if (answer == "ok") return {};
    return error_named(answer.substr(std::string_view("failed ").size()));
  }

  ServerSession session_;
  std::optional<Step> step_;
};

void play_and_check(const Dialogue& dialogue, const transcripts::Cut& cut) {
  LmtpParty party(dialogue);
  play(dialogue, party, cut);
}

}  // namespace
}  // namespace fermo::smtp

const fermo::transcripts::Suite fermo::transcripts::suite = {
    .session = Side::server, .dialogues_min = 60, .play = smtp::play_and_check};
