#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fermo::mail {

/// A mailbox of RFC 5321 §4.1.2 (with UTF-8, RFC 6531 §3.3), taken apart and unquoted. Not a header address.
struct Address {
  std::string local_part;  ///< Unquoted; never empty, no control characters.
  std::string domain;      ///< As given, without the "@"; empty for a local name without a domain.

  /// local@domain, the local-part quoted again where the grammar asks for it: fit for a path and for a header field.
  std::string text() const;
  friend bool operator==(const Address&, const Address&) = default;
};

/// Reads `local@domain` or `"quoted"@domain` or `local` (for `postmaster` and for LMTP to a bare user name). Nothing
/// when the grammar is broken, or a CR, LF, NUL or other control character is inside. `utf8` allows valid UTF-8 beyond
/// ASCII. A domain may hold "_", which the grammar does not allow and real hosts have.
std::optional<Address> parse_address(std::string_view text, bool utf8);

}  // namespace fermo::mail
