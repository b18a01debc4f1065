#include "mail/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace fermo::mail {
namespace {

std::string encoded(std::uint32_t code_point) {
  const auto octet = [](std::uint32_t value) { return static_cast<char>(value); };
  if (code_point < 0x80) return {octet(code_point)};
  const char last = octet(0x80 | (code_point & 0x3f));
  if (code_point < 0x800) return {octet(0xc0 | code_point >> 6), last};
  const char before_last = octet(0x80 | (code_point >> 6 & 0x3f));
  if (code_point < 0x10000) return {octet(0xe0 | code_point >> 12), before_last, last};
  return {octet(0xf0 | code_point >> 18), octet(0x80 | (code_point >> 12 & 0x3f)), before_last, last};
}

TEST(Utf8, TakesEveryCodePointButSurrogates) {
  for (std::uint32_t code_point = 0; code_point < 0x110000; ++code_point) {
    const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    if (is_utf8(encoded(code_point)) == surrogate) FAIL() << std::hex << code_point;
  }
}

TEST(Utf8, RefusesWhatIsAboveTheLastCodePoint) {
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xf5\x80\x80\x80"));
  EXPECT_FALSE(is_utf8("\xff"));
}

TEST(Utf8, RefusesOverlongForms) {
  EXPECT_FALSE(is_utf8("\xc0\x80"));
  EXPECT_FALSE(is_utf8("\xc1\xbf"));
  EXPECT_FALSE(is_utf8("\xe0\x9f\xbf"));
  EXPECT_FALSE(is_utf8("\xf0\x8f\xbf\xbf"));
}

TEST(Utf8, RefusesACharacterCutShortOrStartedInTheMiddle) {
  for (const std::string& character : {encoded(0xe9), encoded(0x20ac), encoded(0x1f600)}) {
    for (std::size_t octets = 1; octets < character.size(); ++octets) {
      EXPECT_FALSE(is_utf8("a" + character.substr(0, octets)));
      EXPECT_FALSE(is_utf8(character.substr(0, octets) + "a"));
      EXPECT_FALSE(is_utf8(character.substr(octets)));
    }
    EXPECT_TRUE(is_utf8("a" + character + character + "b"));
  }
  EXPECT_TRUE(is_utf8(""));
}

}  // namespace
}  // namespace fermo::mail
