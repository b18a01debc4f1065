#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "smtp/failure_reply.h"
#include "smtp/server_core.h"

namespace fermo::smtp {

bool ServerSession::Core::advance_mail_data() {
  if (pass_on_content()) return true;
  const std::string_view input = lines_.peek().substr(0, content_.room());
  if (input.empty()) return false;
  const auto progress = content_.take_data(input);
  lines_.take(progress.consumed);
  if (progress.ended) end_content();
  return true;
}

bool ServerSession::Core::advance_chunk() {
  if (pass_on_content()) return true;
  if (chunk_.octets_left == 0) {
    end_chunk();
    return true;
  }
  const std::size_t room = chunk_.refusal ? limits::message_piece_octets_max : content_.room();
  const std::string_view input =
      lines_.take(static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.octets_left, room)));
  if (input.empty()) return false;
  chunk_.octets_left -= input.size();
  if (!chunk_.refusal) content_.take_chunk(input);
  return true;
}

bool ServerSession::Core::advance_finishing() {
  if (pass_on_content()) return true;
  if (const std::optional<Reply> refusal = content_.refusal()) {
    reply_for_each_recipient(*refusal);
    return true;
  }
  message_open_ = false;
  push(FinishMessage{envelope_, content_.summary()});
  return true;
}

void ServerSession::Core::answer(const MessageBegun& outcome) {
  settle(Awaited::begun);
  message_open_ = outcome.outcome.has_value();
  if (input_ == Input::chunk) {
    if (!message_open_) content_.fail(failure_reply(outcome.outcome.error()));
  } else if (message_open_) {
    respond(replies::start_mail_input);
  } else {
    input_ = Input::command;
    respond(failure_reply(outcome.outcome.error()));
  }
}

/// Tells the driver what the content that has been taken so far asks for. False: nothing.
bool ServerSession::Core::pass_on_content() {
  if (!message_open_) return false;
  if (content_.refusal()) {
    abandon_message();
    return true;
  }
  std::optional<std::string> piece = content_.take_piece();
  if (!piece) return false;
  FERMO_CHECK(piece->size() <= limits::message_piece_octets_max);
  push(Append{std::move(*piece)});
  return true;
}

void ServerSession::Core::answer(const Appended& outcome) {
  settle(Awaited::appended);
  if (!outcome.outcome) content_.fail(failure_reply(outcome.outcome.error()));
}

void ServerSession::Core::end_chunk() {
  if (chunk_.last && !chunk_.refusal) return end_content();
  input_ = Input::command;
  if (!chunk_.refusal) chunk_.refusal = content_.refusal();
  respond(chunk_.refusal.value_or(replies::chunk_taken));
}

void ServerSession::Core::end_content() {
  content_.finish();
  input_ = Input::held_back;
}

void ServerSession::Core::answer(const Finished& outcome) {
  settle(Awaited::finished);
  if (!outcome.outcome) return reply_for_each_recipient(failure_reply(outcome.outcome.error()));
  ++record_.messages;
  record_.deliveries += envelope_.recipients.size();
  reply_for_each_recipient(replies::delivered);
}

/// RFC 2033 §4.2: after the mail data there is one reply for each recipient that was accepted, in the order of RCPT.
void ServerSession::Core::reply_for_each_recipient(const Reply& reply) {
  for (const mail::Address& recipient : envelope_.recipients) send(reply, "<" + recipient.text() + ">");
  forget_transaction();
  input_ = Input::command;
}

void ServerSession::Core::abandon_message() {
  if (std::exchange(message_open_, false)) push(AbandonMessage{});
}

}  // namespace fermo::smtp
