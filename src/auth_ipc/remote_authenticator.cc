#include "auth_ipc/remote_authenticator.h"

#include <string>
#include <utility>
#include <variant>

#include "auth_ipc/error.h"
#include "auth_ipc/wire.h"
#include "base/secret.h"

namespace fermo::auth_ipc {
namespace {

template <class Expected>
Result<Expected> ask(ipc::SocketPool& pool, const Request& request) {
  std::string payload = encode(request);
  std::string answer;
  const auto outcome = pool.ask(payload, answer);
  wipe(payload);
  if (outcome != ipc::SocketPool::Outcome::answered) return Error::unavailable;
  auto reply = decode_reply(answer);
  auto* const expected = reply ? std::get_if<Expected>(&*reply) : nullptr;
  if (expected == nullptr) return Error::unavailable;
  return std::move(*expected);
}

}  // namespace

Result<account::LoginDecision> RemoteAuthenticator::verify(const account::LoginAttempt& attempt) {
  const Request request = request::Verify{attempt};
  if (!fits(request)) return account::LoginDecision{};
  auto decided = ask<reply::Decided>(pool_, request);
  if (!decided) return decided.error();
  return std::move(decided->decision);
}

Result<std::optional<account::Account>> RemoteDirectory::find(const mail::Address& recipient) {
  const Request request = request::FindRecipient{recipient};
  if (!fits(request)) return std::optional<account::Account>();
  auto found = ask<reply::Found>(pool_, request);
  if (!found) return found.error();
  return std::move(found->account);
}

}  // namespace fermo::auth_ipc
