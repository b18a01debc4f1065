#include "mail/dot_codec.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace fermo::mail {
namespace {

using namespace std::string_literals;

struct Decoded {
  std::string content;
  std::size_t consumed = 0;
  bool ended = false;
  bool bare_lf = false;
  bool bare_cr = false;
  friend bool operator==(const Decoded&, const Decoded&) = default;
  friend void PrintTo(const Decoded& decoded, std::ostream* out) {
    *out << testing::PrintToString(decoded.content) << " consumed " << decoded.consumed << " ended " << decoded.ended
         << " bare LF " << decoded.bare_lf << " bare CR " << decoded.bare_cr;
  }
};

/// Feeds `pieces` until the end is seen.
Decoded decoded(const std::vector<std::string_view>& pieces) {
  DotDecoder decoder;
  Decoded result;
  for (const auto piece : pieces) {
    const auto progress = decoder.decode(piece, result.content);
    result.consumed += progress.consumed;
    result.ended = progress.ended;
    if (result.ended) break;
  }
  result.bare_lf = decoder.bare_lf_seen();
  result.bare_cr = decoder.bare_cr_seen();
  return result;
}

Decoded decoded(std::string_view input) {
  return decoded(std::vector<std::string_view>{input});
}

std::vector<std::string_view> single_octets(std::string_view input) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < input.size(); ++at) pieces.push_back(input.substr(at, 1));
  return pieces;
}

/// Octet by octet, as RFC 5321 §4.5.2 says it: line by line, where a line ends at CRLF.
Decoded reference(std::string_view input) {
  Decoded result;
  std::string line;
  for (const char c : input) {
    ++result.consumed;
    line.push_back(c);
    if (!line.ends_with("\r\n")) continue;
    if (line == ".\r\n") {
      result.ended = true;
      break;
    }
    result.content += line.starts_with('.') ? line.substr(1) : line;
    line.clear();
  }
  if (!result.ended) {
    // A dot at the start of a line is held back until it is known what it is, and so is a CR after it.
    if (line == ".\r" || line == ".") line.clear();
    result.content += line.starts_with('.') ? line.substr(1) : line;
  }
  const auto& seen = result.content;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i] == '\n' && (i == 0 || seen[i - 1] != '\r')) result.bare_lf = true;
    if (seen[i] == '\r' && i + 1 < seen.size() && seen[i + 1] != '\n') result.bare_cr = true;
  }
  return result;
}

TEST(DotDecoder, EndsAtALoneDotAndTouchesNothingBehindIt) {
  EXPECT_EQ(decoded("Subject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n"), (Decoded{"Subject: x\r\n\r\nbody\r\n", 23, true}));
  EXPECT_EQ(decoded(".\r\n.\r\n"), (Decoded{"", 3, true}));
}

TEST(DotDecoder, RemovesTheFirstDotOfALine) {
  EXPECT_EQ(decoded("..\r\n...\r\n.x\r\na.\r\n..a\r\n.\r\n"), (Decoded{".\r\n..\r\nx\r\na.\r\n.a\r\n", 25, true}));
}

TEST(DotDecoder, PassesNulAndEightBitOctets) {
  EXPECT_EQ(decoded("\0\xff\x80\r\n.\r\n"s), (Decoded{"\0\xff\x80\r\n"s, 8, true}));
}

TEST(DotDecoder, GoesOnWhileNoEndHasCome) {
  EXPECT_EQ(decoded(""), (Decoded{"", 0, false}));
  EXPECT_EQ(decoded("a\r\n"), (Decoded{"a\r\n", 3, false}));
  EXPECT_EQ(decoded("a\r\n."), (Decoded{"a\r\n", 4, false}));
  EXPECT_EQ(decoded("a\r\n.\r"), (Decoded{"a\r\n", 5, false}));
  EXPECT_EQ(decoded("a\r"), (Decoded{"a\r", 2, false}));
}

struct Smuggling {
  std::string line_end_before, line_end_after;
};

/// Every way to write the end of data wrongly, of those that some server has taken for the true one and their
/// neighbours.
std::vector<Smuggling> smuggling_forms() {
  const std::vector<std::string> ends = {"\r\n",    "\n",      "\r",    "\n\r",  "\r\r\n", "\r\n\r", "\0\n"s, "\r\0\n"s,
                                         "\0\r\n"s, "\r\n\0"s, "\n\0"s, "\0\r"s, " \r\n",  "\x85",   "\v\n",  ""};
  std::vector<Smuggling> forms;
  for (const auto& before : ends) {
    for (const auto& after : ends) {
      const bool true_end = before.ends_with("\r\n") && after.starts_with("\r\n");
      if (!true_end) forms.push_back({before, after});
    }
  }
  return forms;
}

TEST(DotDecoder, TakesNoFalseEndOfDataForTheTrueOneHoweverItIsCut) {
  const auto forms = smuggling_forms();
  ASSERT_GT(forms.size(), 200u);
  for (const auto& [before, after] : forms) {
    const std::string smuggled = "MAIL FROM:<b@x.example>\r\n";
    const std::string input = "a" + before + "." + after + smuggled + ".\r\nNOOP\r\n";
    const Decoded whole = decoded(input);
    const auto shown = testing::PrintToString(before + "." + after);
    EXPECT_TRUE(whole.ended);
    EXPECT_EQ(whole.consumed, input.size() - 6) << shown << " was taken for the end";
    EXPECT_NE(whole.content.find(smuggled), std::string::npos) << shown;
    EXPECT_EQ(whole, reference(input)) << shown;
    for (std::size_t cut = 1; cut < input.size(); ++cut) {
      const std::string_view view = input;
      ASSERT_EQ(decoded({view.substr(0, cut), view.substr(cut)}), whole) << shown << " cut at " << cut;
    }
    ASSERT_EQ(decoded(single_octets(input)), whole) << shown;
  }
}

TEST(DotDecoder, DecodesTheKnownSmugglingFormsExactly) {
  const struct {
    std::string input, content;
    bool bare_lf, bare_cr;
  } cases[] = {
      {"a\n.\nb", "a\n.\nb", true, false},
      {"a\n.\r\nb", "a\n.\r\nb", true, false},
      {"a\r\n.\nb", "a\r\n\nb", true, false},
      {"a\r.\rb", "a\r.\rb", false, true},
      {"a\r.\r\nb", "a\r.\r\nb", false, true},
      {"a\r\n.\rb", "a\r\n\rb", false, true},
      {"a\r\n.\r\r\nb", "a\r\n\r\r\nb", false, true},
      {"a\r\n\0.\r\nb"s, "a\r\n\0.\r\nb"s, false, false},
      {"a\r\n.\0\r\nb"s, "a\r\n\0\r\nb"s, false, false},
      {"a\r\n.\r\0\nb"s, "a\r\n\r\0\nb"s, true, true},
      {"a\r\0\n.\r\nb"s, "a\r\0\n.\r\nb"s, true, true},
      {"a\r\r\n.x\r\nb", "a\r\r\nx\r\nb", false, true},
      {"a\n\r\n.x\r\nb", "a\n\r\nx\r\nb", true, false},
      {".\n.\r\nb", "\n.\r\nb", true, false},
      {".\r.\r\nb", "\r.\r\nb", false, true},
      {"\n.\r\nb", "\n.\r\nb", true, false},
      {"\r.\r\nb", "\r.\r\nb", false, true},
  };
  for (const auto& c : cases) {
    const Decoded expected{c.content, c.input.size(), false, c.bare_lf, c.bare_cr};
    EXPECT_EQ(decoded(c.input), expected) << testing::PrintToString(c.input);
    EXPECT_EQ(decoded(single_octets(c.input)), expected) << testing::PrintToString(c.input);
  }
}

TEST(DotDecoder, GivesWhatTheReferenceGivesHoweverTheInputIsCut) {
  std::mt19937 random(11);
  for (int round = 0; round < 100'000; ++round) {
    std::string input;
    for (std::size_t length = random() % 24; length > 0; --length) input.push_back("\r\n..a\r\n\0"[random() % 8]);
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < input.size();) {
      const std::size_t octets = 1 + random() % 7;
      pieces.push_back(std::string_view(input).substr(at, octets));
      at += octets;
    }
    ASSERT_EQ(decoded(pieces), reference(input)) << testing::PrintToString(input);
  }
}

TEST(DotStuffed, StuffsTheFirstOctetOfAMessageAndOfEachLine) {
  EXPECT_EQ(dot_stuffed(""), "");
  EXPECT_EQ(dot_stuffed("."), "..");
  EXPECT_EQ(dot_stuffed(".\r\n..\r\na.\r\n"), "..\r\n...\r\na.\r\n");
  EXPECT_EQ(dot_stuffed("a\n.\r.\r\n.b"), "a\n.\r.\r\n..b");
}

TEST(DotStuffed, IsUndoneByTheDecoder) {
  std::mt19937 random(12);
  for (int round = 0; round < 50'000; ++round) {
    std::string content;
    for (std::size_t length = random() % 20; length > 0; --length) content.push_back("\r\n..ab\0"[random() % 7]);
    content += "\r\n";
    const Decoded back = decoded(dot_stuffed(content) + ".\r\n");
    ASSERT_TRUE(back.ended);
    ASSERT_EQ(back.content, content) << testing::PrintToString(content);
  }
}

}  // namespace
}  // namespace fermo::mail
