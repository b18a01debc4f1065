#include "sasl/gnu_sasl.h"

#include <string.h>  // explicit_bzero

#include <new>

#include "sasl/plain.h"

namespace fermo::sasl {

Library open_library() {
  Gsasl* library = nullptr;
  if (::gsasl_init(&library) != GSASL_OK) return nullptr;
  return Library(library);
}

void WipeSession::operator()(Gsasl_session* session) const {
  // The library frees its copy of the password as it is; the memory is its own, and writable.
  if (const char* password = ::gsasl_property_fast(session, GSASL_PASSWORD)) {
    ::explicit_bzero(const_cast<char*>(password), ::strlen(password));
  }
  ::gsasl_finish(session);
}

void WipeOctets::operator()(char* text) const {
  ::explicit_bzero(text, octets);
  ::gsasl_free(text);
}

Result<OwnedOctets> decoded(std::string_view base64) {
  char* out = nullptr;
  std::size_t octets = 0;
  if (::gsasl_base64_from(base64.data(), base64.size(), &out, &octets) != GSASL_OK) return Error::malformed;
  return OwnedOctets(out, WipeOctets{octets});
}

Secret encoded(std::string_view octets) {
  char* out = nullptr;
  std::size_t characters = 0;
  if (::gsasl_base64_to(octets.data(), octets.size(), &out, &characters) != GSASL_OK) throw std::bad_alloc();
  const OwnedOctets owned(out, WipeOctets{characters});
  return Secret(view(owned));
}

bool can_be_prepared(std::string_view text) {
  char* prepared = nullptr;
  std::string copy(text);
  const int outcome = ::gsasl_saslprep(copy.c_str(), GSASL_ALLOW_UNASSIGNED, &prepared, nullptr);
  wipe(copy);
  const OwnedOctets owned(prepared, WipeOctets{prepared == nullptr ? 0 : ::strlen(prepared)});
  return outcome == GSASL_OK;
}

}  // namespace fermo::sasl
