#include "base/secret.h"

#include <string.h>  // explicit_bzero

#include <cstddef>

namespace fermo {

void wipe(std::string& text) noexcept {
  // The whole capacity: a string that has shrunk still holds its tail.
  text.resize(text.capacity());
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  }
  return difference == 0;
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    text_ = other.text_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = other.text_;
    other.wipe();
  }
  return *this;
}

bool operator==(const Secret& a, const Secret& b) { return equal_in_constant_time(a.text_, b.text_); }

void Secret::wipe() noexcept { fermo::wipe(text_); }

}  // namespace fermo
