#pragma once

#include <string_view>

namespace fermo::keys {

/// What a TLS server signs, told by its form.
enum class TlsContent {
  none,                ///< Nothing that a TLS server signs.
  certificate_verify,  ///< TLS 1.3: RFC 8446 §4.4.3.
  key_exchange,  ///< TLS 1.2: two randoms, then ServerECDHParams (RFC 8422 §5.4) or ServerDHParams (RFC 5246 §7.4.3).
};

/// The three exclude each other whatever the octets are.
TlsContent tls_content_of(std::string_view content);

}  // namespace fermo::keys
