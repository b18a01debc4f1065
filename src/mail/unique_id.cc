#include "mail/unique_id.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace fermo::mail {
namespace {

constexpr std::size_t microseconds_digits = 16;
constexpr std::size_t discriminator_digits = 8;
constexpr std::uint32_t counter_max = 0x00ff'ffff;
constexpr unsigned node_shift = 24;

template <class Number>
void append_hexadecimal(std::string& text, Number number, std::size_t digits) {
  for (std::size_t left = digits; left > 0; --left)
    text.push_back("0123456789abcdef"[(number >> (4 * (left - 1))) & 0xf]);
}

/// `text` holds lower-case hexadecimal digits only, and not more than fit into a Number.
template <class Number>
Number hexadecimal(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return number;
}

std::uint64_t microseconds_since_1970(Timestamp time) {
  return static_cast<std::uint64_t>(std::max<Timestamp::rep>(time.time_since_epoch().count(), 0));
}

}  // namespace

std::optional<UniqueId> UniqueId::from(std::string_view text) {
  const auto allowed = [](char c) { return c >= 0x21 && c <= 0x7e; };
  if (text.empty() || text.size() > limits::unique_id_octets_max || !std::ranges::all_of(text, allowed)) {
    return std::nullopt;
  }
  return UniqueId(std::string(text));
}

UniqueId ArrivalId::unique_id() const {
  std::string text;
  text.reserve(microseconds_digits + discriminator_digits);
  append_hexadecimal(text, microseconds, microseconds_digits);
  append_hexadecimal(text, discriminator, discriminator_digits);
  return UniqueId(std::move(text));
}

std::optional<ArrivalId> ArrivalId::from(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (text.size() != microseconds_digits + discriminator_digits || !std::ranges::all_of(text, is_digit)) {
    return std::nullopt;
  }
  return ArrivalId{hexadecimal<std::uint64_t>(text.substr(0, microseconds_digits)),
                   hexadecimal<std::uint32_t>(text.substr(microseconds_digits))};
}

// Starting with the counter used up moves on to the next microsecond, which is past `last` whichever node gave that
// out.
ArrivalIdSource::ArrivalIdSource(const Clock& clock, std::uint8_t node, ArrivalId last)
    : clock_(clock), node_(node), microseconds_(last.microseconds), counter_(counter_max) {}

ArrivalId ArrivalIdSource::next() {
  const std::uint64_t now = microseconds_since_1970(clock_.now());
  const std::lock_guard lock(mutex_);
  if (now > microseconds_) {
    microseconds_ = now;
    counter_ = 0;
  } else if (counter_ < counter_max) {
    ++counter_;
  } else {
    FERMO_CHECK(microseconds_ <
                std::numeric_limits<std::uint64_t>::max());  // the year 586,524: wrapping would reuse ids
    ++microseconds_;
    counter_ = 0;
  }
  return {microseconds_, (std::uint32_t{node_} << node_shift) | counter_};
}

}  // namespace fermo::mail
