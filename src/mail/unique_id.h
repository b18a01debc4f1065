#pragma once

#include <compare>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace fermo::mail {

/// The unique-id of RFC 1939 §7: 1 to 70 characters of 0x21 to 0x7E, kept for ever and never given to another message
/// of the same maildrop.
class UniqueId {
 public:
  /// Nothing when `text` breaks the rule of RFC 1939 §7.
  static std::optional<UniqueId> from(std::string_view text);

  const std::string& text() const { return text_; }
  friend auto operator<=>(const UniqueId&, const UniqueId&) = default;

 private:
  friend struct ArrivalId;
  explicit UniqueId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// What a unique-id of our own is made of: it sorts by arrival and is unique without asking anybody.
/// As text: 24 lower-case hexadecimal digits, 16 of microseconds since 1970 and 8 of `discriminator`.
struct ArrivalId {
  std::uint64_t microseconds = 0;
  std::uint32_t discriminator = 0;  ///< 8 bits of node, 24 bits of counter.

  UniqueId unique_id() const;
  /// Nothing when `text` is not 24 lower-case hexadecimal digits.
  static std::optional<ArrivalId> from(std::string_view text);
  friend auto operator<=>(const ArrivalId&, const ArrivalId&) = default;
};

/// Gives out arrival ids, each greater than the last whatever the clock does. Thread-safe.
class ArrivalIdSource {
 public:
  /// Continues after `last`, the greatest id that this node gave out before it was restarted.
  ArrivalIdSource(const Clock& clock, std::uint8_t node, ArrivalId last = {});

  ArrivalId next();

 private:
  const Clock& clock_;
  const std::uint8_t node_;
  std::mutex mutex_;
  std::uint64_t microseconds_;
  std::uint32_t counter_ = 0;
};

}  // namespace fermo::mail
