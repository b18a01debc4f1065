#pragma once

#include <cstdint>

#include "base/octets.h"
#include "mail/unique_id.h"

namespace fermo::mail {

/// The drop listing of RFC 1939 §5 (STAT).
struct DropListing {
  std::uint64_t messages = 0;
  Octets octets;
  friend bool operator==(const DropListing&, const DropListing&) = default;
};

/// The scan listing of RFC 1939 §5 (LIST) with the unique-id listing of §7 (UIDL).
struct ScanListing {
  UniqueId unique_id;
  Octets octets;
  friend bool operator==(const ScanListing&, const ScanListing&) = default;
};

}  // namespace fermo::mail
