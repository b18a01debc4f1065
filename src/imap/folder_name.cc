#include "imap/folder_name.h"

#include <algorithm>
#include <cstdint>

namespace fermo::imap {
namespace {

/// Takes one character off the front of well-formed UTF-8.
std::uint32_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t octets = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  std::uint32_t value = octets == 1 ? first : first & (0xffU >> (octets + 1));
  for (std::size_t i = 1; i < octets && i < text.size(); ++i) {
    value = value << 6U | (static_cast<unsigned char>(text[i]) & 0x3fU);
  }
  text.remove_prefix(std::min(octets, text.size()));
  return value;
}

/// A run of characters beyond printable ASCII, "&" to "-": base64 of UTF-16 with "," for "/" and without padding.
class Shifted {
 public:
  explicit Shifted(std::string& out) : out_(out) { out_ += '&'; }
  Shifted(const Shifted&) = delete;
  Shifted& operator=(const Shifted&) = delete;
  ~Shifted() {
    if (bits_ > 0) put(waiting_ << (6 - bits_));
    out_ += '-';
  }

  void add(std::uint32_t character) {
    constexpr std::uint32_t beyond_bmp = 0x10000;
    if (character < beyond_bmp) return add_unit(character);
    character -= beyond_bmp;
    add_unit(0xd800U | character >> 10U);
    add_unit(0xdc00U | (character & 0x3ffU));
  }

 private:
  void add_unit(std::uint32_t unit) {
    waiting_ = waiting_ << 16U | unit;
    bits_ += 16;
    for (; bits_ >= 6; bits_ -= 6) put(waiting_ >> (bits_ - 6));
    waiting_ &= (1U << bits_) - 1;
  }
  void put(std::uint32_t sextet) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    out_ += digits[sextet & 0x3fU];
  }

  std::string& out_;
  std::uint32_t waiting_ = 0;
  unsigned bits_ = 0;
};

bool stands_for_itself(char c) {
  return c >= 0x20 && c <= 0x7e;
}

}  // namespace

std::string to_modified_utf7(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    if (name.front() == '&') {
      out += "&-";
      name.remove_prefix(1);
    } else if (stands_for_itself(name.front())) {
      out += name.front();
      name.remove_prefix(1);
    } else {
      Shifted shifted(out);
      while (!name.empty() && !stands_for_itself(name.front())) shifted.add(take_character(name));
    }
  }
  return out;
}

}  // namespace fermo::imap
