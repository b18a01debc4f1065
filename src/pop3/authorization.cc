#include "base/check.h"
#include "base/failure.h"
#include "pop3/failure_reply.h"
#include "pop3/reply.h"
#include "pop3/server_core.h"
#include "sasl/plain.h"

/// The AUTHORIZATION state (RFC 1939 §4): TLS, then one login.
namespace fermo::pop3 {
namespace {

constexpr std::string_view code_auth = "AUTH";  // RFC 3206 §5

std::string_view without_trailing_spaces(std::string_view text) {
  const auto last = text.find_last_not_of(' ');
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

}  // namespace

// --- TLS -------------------------------------------------------------------------------------------------------------

void ServerSession::Core::stls(std::string_view argument) {
  if (!without_argument(argument)) return;
  if (tls_active_) return refuse("TLS is active already");
  if (!stls_possible(settings_, context())) return refuse("TLS is not available");
  // A client may send nothing between STLS and its handshake (RFC 2595 §4), so what is here was put in by somebody else
  // (command injection, CVE-2011-0411). No +OK: neither side may go on as if this connection could still become safe.
  if (!splitter_.empty()) return close(End::protocol_violation);
  send(ok("Begin TLS"));
  push(StartTls{});
}

void ServerSession::Core::answer(TlsStarted outcome) {
  settle(Awaited::tls);
  if (!outcome.ok) return close(End::tls_failed);
  tls_active_ = true;
  // RFC 2595 §4: nothing that was learnt in the clear is kept.
  user_name_.reset();
  record_.user.clear();
}

/// RFC 8314 §4.1. Refusing USER already keeps the password off the wire. [AUTH] names "an attempt to authenticate in
/// violation of policy" (RFC 3206 §5); its warning about USER does not apply, since every name gets this answer.
bool ServerSession::Core::refused_for_want_of_tls() {
  if (password_logins_possible(settings_, tls_active_)) return false;
  refuse_with(code_auth, "Passwords are taken only under TLS");
  return true;
}

// --- USER and PASS ---------------------------------------------------------------------------------------------------

void ServerSession::Core::user(std::string_view argument) {
  user_name_.reset();
  if (refused_for_want_of_tls()) return;
  const auto name = without_trailing_spaces(argument);
  if (name.empty()) return refuse("Missing argument");
  user_name_ = name;
  record_.user = name;
  // The same for every name, so that nobody can try out who is known here (RFC 1939 §13).
  send(ok("Send PASS"));
}

void ServerSession::Core::pass(std::string_view argument) {
  const auto name = std::exchange(user_name_, std::nullopt);
  if (refused_for_want_of_tls()) return;
  if (!name) return refuse("USER first");
  if (argument.empty()) return refuse("Missing argument");
  // RFC 1939 §7: a password may hold spaces, so all that follows the first one is the password.
  verify({.authorization_identity = {}, .authentication_identity = *name, .password = Secret(argument)});
}

// --- AUTH ------------------------------------------------------------------------------------------------------------

void ServerSession::Core::auth(std::string_view argument) {
  const auto words = split_words(argument);
  if (words.empty()) return list_mechanisms();
  user_name_.reset();
  if (!equal_ignoring_case(words[0], "PLAIN")) return refuse("Unknown mechanism");
  if (words.size() > 2) return refuse("Too many arguments");
  if (refused_for_want_of_tls()) return;
  if (words.size() == 2) return verify_plain(words[1] == "=" ? std::string_view() : words[1]);
  sasl_response_awaited_ = true;
  send(empty_challenge());
}

/// AUTH alone stands in no RFC, but Outlook asks so for the mechanisms.
void ServerSession::Core::list_mechanisms() {
  std::string reply = ok("Mechanisms follow");
  if (password_logins_possible(settings_, tls_active_)) reply.append("PLAIN\r\n");
  send(reply.append(end_of_lines));
}

void ServerSession::Core::take_sasl_response(std::string_view line) {
  sasl_response_awaited_ = false;
  if (line == "*") return refuse("Authentication cancelled");
  verify_plain(line);
}

void ServerSession::Core::verify_plain(std::string_view response) {
  auto login = sasl::read_plain_response(response);
  if (!login && login.error() != sasl::Error::malformed) {
    return fail_login(failure_reply(login.error(), "Authentication is not possible at the moment"), End::failure);
  }
  if (!login) return refuse("Malformed response");
  record_.user = login->authentication_identity;
  verify(std::move(*login));
}

// --- The login itself ------------------------------------------------------------------------------------------------

void ServerSession::Core::verify(sasl::PasswordLogin login) {
  push(Verify{std::move(login)});
}

void ServerSession::Core::answer(Verified outcome) {
  settle(Awaited::verdict);
  if (!outcome.verdict) {
    return fail_login(err("SYS/TEMP", "The login cannot be decided at the moment"), End::failure);
  }
  switch (*outcome.verdict) {
    case sasl::Verdict::accepted:
      FERMO_CHECK(!outcome.account.empty());
      account_ = std::move(outcome.account);
      return push(OpenMaildrop{account_});
    case sasl::Verdict::refused:
      return fail_login(err(code_auth, "Login refused"), End::too_many_logins);
    // RFC 3206 §5 counts an expired account among the troubles that [AUTH] stands for. Only who knows the password
    // learns it.
    case sasl::Verdict::disabled:
      return fail_login(err(code_auth, "This account may not use POP3"), End::too_many_logins);
    // Not [AUTH]: the password may well be right, and a mail program must not ask for another one (RFC 3206 §4).
    case sasl::Verdict::throttled:
      return fail_login(err("SYS/TEMP", "Too many failed logins, try again in a minute"), End::too_many_logins);
  }
}

void ServerSession::Core::answer(MaildropOpened outcome) {
  settle(Awaited::maildrop);
  // RFC 1939 §4 leaves it open whether the connection closes. It stays, bounded, for a client that tries again.
  if (!outcome.listing) {
    return fail_login(failure_reply(outcome.listing.error(), "The maildrop cannot be opened"), End::failure);
  }
  maildrop_.emplace(*outcome.listing);
  record_.user = std::move(account_);
  record_.authenticated = true;
  mistakes_ = 0;
  send(ok("Maildrop has " + counted(*outcome.listing)));
}

void ServerSession::Core::fail_login(std::string reply, End end_when_too_many) {
  send_error(std::move(reply));
  if (++failed_logins_ >= limits::login_attempts_max) close(end_when_too_many);
}

// --- QUIT ------------------------------------------------------------------------------------------------------------

void ServerSession::Core::quit_before_login(std::string_view argument) {
  if (!without_argument(argument)) return;
  send(ok("Goodbye"));
  close(End::quit);
}

}  // namespace fermo::pop3
