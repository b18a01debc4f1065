#include <algorithm>
#include <utility>

#include "smtp/arguments.h"
#include "smtp/failure_reply.h"
#include "smtp/server_core.h"

namespace fermo::smtp {
namespace {

/// RFC 5321 §4.1.1.1, without a look at the grammar of a domain: nothing depends on it. At most 255 octets
/// (§4.5.3.1.2).
bool is_client_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

void ServerSession::Core::lhlo(std::string_view argument) {
  if (!is_client_name(argument)) return respond(replies::bad_client_name);
  forget_transaction();
  state_ = State::greeted;
  envelope_.helo = record_.helo = argument;
  const std::string size = "SIZE " + std::to_string(settings_.message_octets_max);
  push(Send{multi_line_reply({250, "", settings_.host_name},
                             {"PIPELINING", size, "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING"})});
}

void ServerSession::Core::mail_from(std::string_view argument) {
  auto parsed = parse_mail_arguments(argument);
  if (const auto* refusal = std::get_if<Reply>(&parsed)) return respond(*refusal);
  auto& mail = std::get<MailArguments>(parsed);
  if (mail.declared_octets.value_or(0) > settings_.message_octets_max) return respond(replies::too_large);
  envelope_.reverse_path = std::move(mail.reverse_path);
  envelope_.smtputf8 = mail.smtputf8;
  state_ = State::sender_given;
  respond(replies::sender_good);
}

void ServerSession::Core::rcpt_to(std::string_view argument) {
  auto parsed = parse_rcpt_arguments(argument, envelope_.smtputf8);
  if (const auto* refusal = std::get_if<Reply>(&parsed)) return respond(*refusal);
  if (envelope_.recipients.size() >= settings_.recipients_max) return respond(replies::too_many_recipients);
  candidate_ = std::get<mail::Address>(std::move(parsed));
  push(ResolveRecipient{candidate_});
}

void ServerSession::Core::answer(const RecipientResolved& outcome) {
  settle(Awaited::recipient);
  if (!outcome.known) return respond(failure_reply(outcome.known.error()));
  if (!*outcome.known) return respond(replies::unknown_recipient);
  envelope_.recipients.push_back(std::move(candidate_));
  state_ = State::recipients_given;
  respond(replies::recipient_good);
}

// The delivery is opened before 354: a store that cannot take the message says so before the content has been sent.
// DATA may be refused like any command (RFC 5321 §4.2.1, §4.3.2); the reply for each recipient is only due after the
// final "." (RFC 2033 §4.2).
void ServerSession::Core::data(std::string_view argument) {
  if (!argument.empty()) return respond(replies::no_argument_expected);
  input_ = Input::mail_data;
  push(BeginMessage{});
}

void ServerSession::Core::bdat(std::string_view argument) {
  const std::optional<BdatArguments> bdat = parse_bdat_arguments(argument);
  if (!bdat || !bdat->well_formed) {
    // A message must not go on without one of its chunks.
    content_.fail(replies::bad_chunk_octets);
    state_ = State::chunks_begun;
    return refuse_chunk(replies::bad_chunk_octets, argument);
  }
  chunk_ = {.octets_left = bdat->octets, .last = bdat->last, .refusal = std::nullopt};
  input_ = Input::chunk;
  if (std::exchange(state_, State::chunks_begun) == State::recipients_given) push(BeginMessage{});
}

// RFC 3030 §2: the octets of a chunk that is refused are taken and dropped before the reply. Where nobody knows how
// many they are, the session ends: they must not be taken for commands.
void ServerSession::Core::refuse_chunk(const Reply& reply, std::string_view argument) {
  const std::optional<BdatArguments> bdat = parse_bdat_arguments(argument);
  if (!bdat) {
    respond(replies::bad_chunk_octets);
    return close(End::protocol_violation, &replies::lost_in_chunks);
  }
  chunk_ = {.octets_left = bdat->octets,
            .last = bdat->last,
            .refusal = bdat->well_formed ? reply : replies::bad_chunk_octets};
  input_ = Input::chunk;
}

void ServerSession::Core::rset(std::string_view argument) {
  if (!argument.empty()) return respond(replies::no_argument_expected);
  forget_transaction();
  respond(replies::done);
}

void ServerSession::Core::vrfy(std::string_view argument) {
  respond(argument.empty() ? replies::argument_expected : replies::not_verified);
}

void ServerSession::Core::quit(std::string_view argument) {
  if (!argument.empty()) return respond(replies::no_argument_expected);
  close(End::quit, &replies::goodbye);
}

void ServerSession::Core::forget_transaction() {
  abandon_message();
  content_ = Content(settings_.message_octets_max);
  envelope_ = {.reverse_path = {}, .recipients = {}, .helo = std::move(envelope_.helo), .smtputf8 = false};
  if (state_ != State::connected) state_ = State::greeted;
}

}  // namespace fermo::smtp
