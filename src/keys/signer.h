#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "keys/wire.h"

namespace fermo::keys {

/// Signs with keys that are somewhere else. Thread-safe.
class Signer {
 public:
  virtual ~Signer() = default;
  /// Waits for the signature, for a bounded time. Errors: those of the enum.
  virtual Result<std::string> sign(KeyNumber key, Scheme scheme, std::string_view content) = 0;
};

}  // namespace fermo::keys
