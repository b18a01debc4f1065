#include "mail/address.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"

namespace fermo::mail {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

Address read(std::string_view text, bool utf8 = false) {
  const auto address = parse_address(text, utf8);
  EXPECT_TRUE(address) << text;
  return address.value_or(Address{});
}

TEST(Address, IsTakenApartAtTheAt) {
  EXPECT_EQ(read("anna@example.org"), (Address{"anna", "example.org"}));
  EXPECT_EQ(read("a.b.c+d=e@x"), (Address{"a.b.c+d=e", "x"}));
  EXPECT_EQ(read("!#$%&'*+-/=?^_`{|}~@1.2-3.example"), (Address{"!#$%&'*+-/=?^_`{|}~", "1.2-3.example"}));
  EXPECT_EQ(read("Anna@EXAMPLE.Org"), (Address{"Anna", "EXAMPLE.Org"}));
  EXPECT_EQ(read("anna@host_1.example"), (Address{"anna", "host_1.example"}));
}

TEST(Address, MayBeALocalNameAlone) {
  EXPECT_EQ(read("postmaster"), (Address{"postmaster", ""}));
  EXPECT_EQ(read("\"two words\""), (Address{"two words", ""}));
}

TEST(Address, IsUnquotedAndQuotedAgainWhereNeeded) {
  const struct {
    std::string_view text, local_part, text_again;
  } cases[] = {
      {R"("two words"@x.example)", "two words", R"("two words"@x.example)"},
      {R"("a@b"@x.example)", "a@b", R"("a@b"@x.example)"},
      {R"("a\"b\\c"@x.example)", R"(a"b\c)", R"("a\"b\\c"@x.example)"},
      {R"("plain"@x.example)", "plain", "plain@x.example"},
      {R"("pl\ain"@x.example)", "plain", "plain@x.example"},
      {R"("a..b"@x.example)", "a..b", R"("a..b"@x.example)"},
      {R"(".a"@x.example)", ".a", R"(".a"@x.example)"},
      {R"("(comment)<a>,;:"@x.example)", "(comment)<a>,;:", R"("(comment)<a>,;:"@x.example)"},
      {R"(" "@x.example)", " ", R"(" "@x.example)"},
  };
  for (const auto& c : cases) {
    const Address address = read(c.text);
    EXPECT_EQ(address.local_part, c.local_part);
    EXPECT_EQ(address.text(), c.text_again);
  }
}

TEST(Address, MayHaveAnAddressLiteralForADomain) {
  for (const auto literal : {"[192.0.2.1]", "[IPv6:2001:db8::1]", "[ipv6:::1]", "[IPv6:::ffff:192.0.2.1]"}) {
    EXPECT_EQ(read("anna@"s + literal), (Address{"anna", literal}));
  }
  for (const auto literal :
       {"[]", "[192.0.2]", "[192.0.2.256]", "[2001:db8::1]", "[IPv6:]", "[IPv6:192.0.2.1]", "[192.0.2.1", "192.0.2.1]",
        "[192.0.2.1]x", "[x-tag:abc]", "[IPv6:fe80::1%eth0]", "[ 192.0.2.1]", "[[192.0.2.1]]"}) {
    EXPECT_FALSE(parse_address("anna@"s + literal, true)) << literal;
  }
}

TEST(Address, IsRefusedWhenTheGrammarIsBroken) {
  for (const auto text : {"",
                          "@",
                          "@example.org",
                          "anna@",
                          ".anna@example.org",
                          "anna.@example.org",
                          "an..na@example.org",
                          "an na@example.org",
                          "anna@@example.org",
                          "anna@a@b",
                          "anna@.org",
                          "anna@example.",
                          "anna@example..org",
                          "anna@-a.org",
                          "anna@a-.org",
                          "anna@exa mple.org",
                          "anna@example.org ",
                          " anna@example.org",
                          "<anna@example.org>",
                          "anna@example.org>",
                          "an(n)a@x.example",
                          "anna@(x)example.org",
                          "\"\"@example.org",
                          "\"anna@example.org",
                          "\"anna\"x@example.org",
                          "x\"anna\"@example.org",
                          "\"anna\\\"@example.org",
                          "\"anna\\",
                          "\"",
                          "\"an\"na\"@example.org",
                          "anna,bert@example.org",
                          "a;b@x.example",
                          "@relay.example:anna@example.org",
                          "anna@exam!ple.org",
                          "an\\na@example.org",
                          "anna@\"example.org\""}) {
    EXPECT_FALSE(parse_address(text, false)) << text;
    EXPECT_FALSE(parse_address(text, true)) << text;
  }
}

TEST(Address, HoldsNoControlCharacterWhereverItStands) {
  for (int octet = 0; octet < 256; ++octet) {
    if (octet >= 0x20 && octet != 0x7f) continue;
    const std::string control(1, static_cast<char>(octet));
    for (const auto& text :
         {"an" + control + "na@example.org", "\"an" + control + "na\"@example.org",
          "\"an\\" + control + "na\"@example.org", "anna@exam" + control + "ple.org", "anna@example.org" + control,
          control + "anna@example.org", "anna@[192.0.2.1" + control + "]"}) {
      EXPECT_FALSE(parse_address(text, true)) << octet;
    }
  }
  EXPECT_FALSE(parse_address("an\xc2\x85na@example.org", true));
  EXPECT_FALSE(parse_address("\"an\xc2\x9fna\"@example.org", true));
  EXPECT_TRUE(parse_address("an\xc2\xa1na@example.org", true));
}

TEST(Address, HoldsUtf8OnlyWhenAsked) {
  for (const auto text : {"j\xc3\xb6rg@example.org", "\"j\xc3\xb6 rg\"@example.org",
                          "\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.example",
                          "anna@b\xc3\xbc"
                          "cher.example"}) {
    EXPECT_FALSE(parse_address(text, false)) << text;
    EXPECT_EQ(read(text, true).text(), text);
  }
}

TEST(Address, HoldsNoBrokenUtf8) {
  for (const auto octets : {"\xf6", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) {
    EXPECT_FALSE(parse_address("j"s + octets + "rg@example.org", true));
    EXPECT_FALSE(parse_address("\"j"s + octets + "rg\"@example.org", true));
    EXPECT_FALSE(parse_address("anna@b"s + octets + "cher.example", true));
  }
  EXPECT_FALSE(parse_address("\"j\\\xc3\xb6rg\"@example.org", true)) << "a quoted-pair is ASCII";
}

TEST(Address, HasNoMoreOctetsThanAPathWithoutItsBrackets) {
  const std::string domain = "@" + std::string(63, 'a') + ".example";
  const std::string longest = std::string(limits::path_octets_max - 2 - domain.size(), 'x') + domain;
  EXPECT_TRUE(parse_address(longest, false));
  EXPECT_FALSE(parse_address("x" + longest, false));
  EXPECT_FALSE(parse_address("anna@" + std::string(64, 'a') + ".example", false));
  const std::string label = std::string(59, 'a') + ".";
  const std::string long_domain = label + label + label + label + "abcdefghijklmno";
  EXPECT_TRUE(parse_address("anna@" + long_domain, false));
  EXPECT_FALSE(parse_address("anna@" + long_domain + "p", false));
}

TEST(Address, SurvivesItsOwnTextWhateverItIsReadFrom) {
  std::mt19937 random(1);
  constexpr auto octets = "ab.@\"\\ []:(<>)1_-\xc3\xb6\xe2\x82\xac\t\0"sv;
  std::size_t taken = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (std::size_t length = random() % 12; length > 0; --length) text.push_back(octets[random() % octets.size()]);
    const auto address = parse_address(text, true);
    if (!address) continue;
    ++taken;
    ASSERT_EQ(parse_address(address->text(), true), address) << text;
  }
  EXPECT_GT(taken, 1000u);
}

}  // namespace
}  // namespace fermo::mail
