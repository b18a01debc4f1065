#pragma once

#include <gsasl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

/// GNU SASL behind owners that wipe. Only for this module.
namespace fermo::sasl {

struct DoneWithLibrary {
  void operator()(Gsasl* library) const { ::gsasl_done(library); }
};
using Library = std::unique_ptr<Gsasl, DoneWithLibrary>;

/// Nothing when the library cannot start. GNU SASL does not lock its handles: one belongs to one thread at a time.
Library open_library();

struct WipeSession {
  void operator()(Gsasl_session* session) const;
};
using Session = std::unique_ptr<Gsasl_session, WipeSession>;

/// A string of octets in memory of the library's.
struct WipeOctets {
  std::size_t octets = 0;
  void operator()(char* text) const;
};
using OwnedOctets = std::unique_ptr<char, WipeOctets>;
inline std::string_view view(const OwnedOctets& owned) {
  return {owned.get(), owned.get_deleter().octets};
}

/// The library takes strict base64 only (RFC 4648 §4): no white space, no line breaks, padding as it must be. The error
/// is `malformed` (sasl/plain.h).
Result<OwnedOctets> decoded(std::string_view base64);

Secret encoded(std::string_view octets);

/// Whether SASLprep (RFC 4013) takes `text`, which holds no NUL.
bool can_be_prepared(std::string_view text);

}  // namespace fermo::sasl
