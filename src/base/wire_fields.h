#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

/// The fields a payload is made of: little-endian numbers and counted octets.
namespace fermo {

/// Appends fields to a payload.
class FieldWriter {
 public:
  template <std::unsigned_integral T>
  void number(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) out_.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
  }
  void octets(std::string_view text) {
    FERMO_CHECK(text.size() <= std::numeric_limits<std::uint32_t>::max());
    number(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }
  /// Room for a payload of `octets`, so that no copies of it are left behind while it grows.
  void reserve(std::size_t octets) { out_.reserve(octets); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Takes fields from a payload that may be anything. After the first field that is not there every further one is
/// empty, and `whole()` is false: ask that before using any of them.
class FieldReader {
 public:
  explicit FieldReader(std::string_view payload) : rest_(payload) {}

  template <std::unsigned_integral T>
  T number() {
    const std::string_view raw = take(sizeof(T));
    T value = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(static_cast<unsigned char>(raw[i])) << (8 * i)));
    }
    return value;
  }
  /// Counted octets, at most `octets_max`. The view lives as long as the payload.
  std::string_view octets(std::size_t octets_max) {
    const auto count = number<std::uint32_t>();
    if (count > octets_max) fail();
    return take(failed_ ? 0 : count);
  }
  /// A count of things to come, at most `count_max`.
  std::size_t count(std::size_t count_max) {
    const auto count = number<std::uint32_t>();
    if (count > count_max) fail();
    return failed_ ? 0 : count;
  }
  void fail() { failed_ = true; }
  bool failed() const { return failed_; }
  /// Every field was there, and nothing follows the last.
  bool whole() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t octets) {
    if (failed_ || rest_.size() < octets) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = rest_.substr(0, octets);
    rest_.remove_prefix(octets);
    return taken;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace fermo
