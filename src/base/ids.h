#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace fermo {

/// The message-number of RFC 1939 §3: counts from 1 within one session, and there is no zero.
class MessageNumber {
 public:
  /// Nothing when `number` is 0.
  static constexpr std::optional<MessageNumber> from(std::uint64_t number) {
    if (number == 0) return std::nullopt;
    return MessageNumber(number);
  }
  /// The number of the message at `index`, which counts from 0.
  static constexpr MessageNumber at_index(std::size_t index) { return MessageNumber(std::uint64_t{index} + 1); }

  constexpr std::uint64_t value() const { return number_; }
  /// Where the message stands in a listing that counts from 0.
  constexpr std::size_t index() const { return static_cast<std::size_t>(number_ - 1); }

  friend constexpr auto operator<=>(MessageNumber, MessageNumber) = default;

 private:
  explicit constexpr MessageNumber(std::uint64_t number) : number_(number) {}
  std::uint64_t number_;
};

/// Names one maildrop in a store: 1 to `limits::drop_id_octets_max` octets, compared octet by octet. A store may not use
/// it as a file name.
class DropId {
 public:
  /// Nothing when `text` is empty, too long or holds a control character.
  static std::optional<DropId> from(std::string_view text);

  const std::string& text() const { return text_; }
  friend auto operator<=>(const DropId&, const DropId&) = default;

 private:
  explicit DropId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace fermo

template <>
struct std::hash<fermo::DropId> {
  std::size_t operator()(const fermo::DropId& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
