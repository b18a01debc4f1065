#include "auth_ipc/wire.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "base/wire_fields.h"

namespace fermo::auth_ipc {
namespace {

// The numbers on the wire: never changed and never used again for something else.
enum class RequestKind : std::uint8_t { verify = 1, find_recipient = 2 };
enum class ReplyKind : std::uint8_t { failed = 1, decided = 2, found = 3 };

constexpr std::size_t texts_max = 6;

std::string text_from(FieldReader& in) {
  return std::string(in.octets(limits::auth_ipc_text_octets_max));
}

std::array<std::string_view, texts_max> texts_of(const request::Verify& verify) {
  const auto& attempt = verify.attempt;
  return {attempt.login.authorization_identity,
          attempt.login.authentication_identity,
          attempt.login.password.reveal(),
          attempt.peer,
          attempt.service,
          attempt.origin};
}

std::array<std::string_view, texts_max> texts_of(const request::FindRecipient& find) {
  return {find.recipient.local_part, find.recipient.domain, {}, {}, {}, {}};
}

void put(FieldWriter& out, const request::Verify& verify) {
  out.number(static_cast<std::uint8_t>(RequestKind::verify));
  for (const std::string_view text : texts_of(verify)) out.octets(text);
}

void put(FieldWriter& out, const request::FindRecipient& find) {
  out.number(static_cast<std::uint8_t>(RequestKind::find_recipient));
  out.octets(find.recipient.local_part);
  out.octets(find.recipient.domain);
}

void put_name(FieldWriter& out, const std::optional<account::Account>& account) {
  out.octets(account ? std::string_view(account->name) : std::string_view());
}

void put(FieldWriter& out, const reply::Failed&) {
  out.number(static_cast<std::uint8_t>(ReplyKind::failed));
}

void put(FieldWriter& out, const reply::Decided& decided) {
  out.number(static_cast<std::uint8_t>(ReplyKind::decided));
  out.number(static_cast<std::uint8_t>(decided.decision.verdict));
  put_name(out, decided.decision.account);
}

void put(FieldWriter& out, const reply::Found& found) {
  out.number(static_cast<std::uint8_t>(ReplyKind::found));
  put_name(out, found.account);
}

Request get_verify(FieldReader& in) {
  account::LoginAttempt attempt;
  attempt.login.authorization_identity = text_from(in);
  attempt.login.authentication_identity = text_from(in);
  attempt.login.password = Secret(in.octets(limits::auth_ipc_text_octets_max));
  attempt.peer = text_from(in);
  attempt.service = text_from(in);
  attempt.origin = text_from(in);
  return request::Verify{std::move(attempt)};
}

Request get_find_recipient(FieldReader& in) {
  mail::Address recipient;
  recipient.local_part = text_from(in);
  recipient.domain = text_from(in);
  if (recipient.local_part.empty()) in.fail();
  return request::FindRecipient{std::move(recipient)};
}

/// None for an empty name; one that is no account's is wrong.
std::optional<account::Account> get_account(FieldReader& in) {
  const std::string_view name = in.octets(limits::auth_ipc_text_octets_max);
  if (name.empty()) return std::nullopt;
  auto account = account::account_named(name);
  if (!account) in.fail();
  return account;
}

std::optional<sasl::Verdict> get_verdict(FieldReader& in) {
  const auto verdict = static_cast<sasl::Verdict>(in.number<std::uint8_t>());
  switch (verdict) {
    case sasl::Verdict::accepted:
    case sasl::Verdict::refused:
    case sasl::Verdict::disabled:
    case sasl::Verdict::throttled:
      return verdict;
  }
  return std::nullopt;
}

std::optional<Reply> get_decided(FieldReader& in) {
  const auto verdict = get_verdict(in);
  if (!verdict) return std::nullopt;
  auto account = get_account(in);
  if (account.has_value() != (*verdict == sasl::Verdict::accepted)) return std::nullopt;
  return reply::Decided{{*verdict, std::move(account)}};
}

std::optional<Request> get_request(FieldReader& in) {
  switch (static_cast<RequestKind>(in.number<std::uint8_t>())) {
    case RequestKind::verify:
      return get_verify(in);
    case RequestKind::find_recipient:
      return get_find_recipient(in);
  }
  return std::nullopt;
}

std::optional<Reply> get_reply(FieldReader& in) {
  switch (static_cast<ReplyKind>(in.number<std::uint8_t>())) {
    case ReplyKind::failed:
      return reply::Failed{};
    case ReplyKind::decided:
      return get_decided(in);
    case ReplyKind::found:
      return reply::Found{get_account(in)};
  }
  return std::nullopt;
}

}  // namespace

bool fits(const Request& request) {
  return std::visit(
      [](const auto& alternative) {
        for (const std::string_view text : texts_of(alternative)) {
          if (text.size() > limits::auth_ipc_text_octets_max) return false;
        }
        return true;
      },
      request);
}

std::string encode(const Request& request) {
  FERMO_CHECK(fits(request));
  FieldWriter out;
  out.reserve(texts_max * (limits::auth_ipc_text_octets_max + sizeof(std::uint32_t)) + 1);  // no copy is left behind
  std::visit([&out](const auto& alternative) { put(out, alternative); }, request);
  return out.take();
}

std::string encode(const Reply& reply) {
  FieldWriter out;
  std::visit([&out](const auto& alternative) { put(out, alternative); }, reply);
  return out.take();
}

std::optional<Request> decode_request(std::string_view payload) {
  FieldReader in(payload);
  auto request = get_request(in);
  if (!in.whole()) return std::nullopt;
  return request;
}

std::optional<Reply> decode_reply(std::string_view payload) {
  FieldReader in(payload);
  auto reply = get_reply(in);
  if (!in.whole()) return std::nullopt;
  return reply;
}

}  // namespace fermo::auth_ipc
