#pragma once

#include <compare>
#include <cstdint>

namespace fermo {

/// A count of octets, as LIST, STAT and SIZE announce it. Never a count of characters or of lines.
struct Octets {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(Octets, Octets) = default;
  constexpr Octets& operator+=(Octets other) {
    value += other.value;
    return *this;
  }
  constexpr Octets& operator-=(Octets other) {
    value -= other.value;
    return *this;
  }
  friend constexpr Octets operator+(Octets a, Octets b) { return a += b; }
  friend constexpr Octets operator-(Octets a, Octets b) { return a -= b; }
};

}  // namespace fermo
