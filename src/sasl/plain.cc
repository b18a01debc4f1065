#include "sasl/plain.h"

#include <string>

#include "base/error_category.h"
#include "sasl/gnu_sasl.h"

namespace fermo::sasl {
namespace {

ErrorMeaning meaning_of(Error error) noexcept {
  switch (error) {
    case Error::malformed:
      return {Failure::permanent, "the SASL response is malformed"};
    case Error::unavailable:
      return {Failure::temporary, "the SASL mechanism is not available"};
    case Error::credentials_unusable:
      return {Failure::permanent, "the user name or password cannot be used with this SASL mechanism"};
    case Error::unacceptable_iterations:
      return {Failure::permanent, "the server asks for an iteration count that is not acceptable"};
    case Error::server_not_authentic:
      return {Failure::permanent, "the server has not proven that it knows the password"};
  }
  return {Failure::permanent, "SASL error of an unknown kind"};
}

/// Says yes to whatever is well-formed: the password is verified elsewhere, by a process that this one cannot look
/// into.
int accept_well_formed(Gsasl*, Gsasl_session*, Gsasl_property property) {
  return property == GSASL_VALIDATE_SIMPLE ? GSASL_OK : GSASL_NO_CALLBACK;
}

Library open_verifier() {
  Library library = open_library();
  if (library) ::gsasl_callback_set(library.get(), accept_well_formed);
  return library;
}

/// One handle for each thread: GNU SASL does not lock its handles.
Gsasl* library_of_this_thread() {
  thread_local Library library;
  if (!library) library = open_verifier();
  return library.get();
}

/// Whether GNU SASL takes `message` for a whole message of PLAIN.
error_code check_message(std::string_view message) {
  Gsasl* const library = library_of_this_thread();
  Gsasl_session* started = nullptr;
  if (library == nullptr || ::gsasl_server_start(library, "PLAIN", &started) != GSASL_OK) return Error::unavailable;
  const Session session(started);
  char* answer = nullptr;
  std::size_t answer_octets = 0;
  const int outcome = ::gsasl_step(started, message.data(), message.size(), &answer, &answer_octets);
  ::gsasl_free(answer);
  return outcome == GSASL_OK ? error_code() : make_error_code(Error::malformed);
}

/// Takes off what stands before the first NUL, and the NUL.
std::string_view take_field(std::string_view& message) {
  const std::size_t nul = message.find('\0');
  const std::string_view field = message.substr(0, nul);
  message.remove_prefix(nul + 1);
  return field;
}

}  // namespace

boost::system::error_code make_error_code(Error error) noexcept {
  static const ErrorCategory category("sasl", meaning_of);
  return {static_cast<int>(error), category};
}

Result<PasswordLogin> read_plain_response(std::string_view base64) {
  const auto owned = decoded(base64);
  if (!owned) return owned.error();
  std::string_view message = view(*owned);
  if (const error_code error = check_message(message)) return error;

  const std::string_view authorization_identity = take_field(message);
  const std::string_view authentication_identity = take_field(message);
  const std::string_view password = message;
  if (authentication_identity.empty() || password.empty()) return Error::malformed;
  // The library looks at the other two fields so, and takes the authorization identity unseen.
  if (!can_be_prepared(authorization_identity)) return Error::malformed;

  PasswordLogin login;
  if (authorization_identity != authentication_identity) login.authorization_identity = authorization_identity;
  login.authentication_identity = authentication_identity;
  login.password = Secret(password);
  return login;
}

}  // namespace fermo::sasl
