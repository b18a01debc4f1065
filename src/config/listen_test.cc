#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "config/config.h"

namespace fermo::config {
namespace {

using testing::HasSubstr;

Listen listen(std::string_view text) {
  const auto parsed = parse_listen(text);
  EXPECT_TRUE(parsed.listen) << text << ": " << parsed.problem;
  EXPECT_EQ(parsed.problem, "");
  return parsed.listen.value_or(Listen{.protocol = Protocol::pop3, .address = "", .port = 0, .unix_path = {}});
}

std::string problem(std::string_view text) {
  const auto parsed = parse_listen(text);
  EXPECT_FALSE(parsed.listen) << text;
  return parsed.problem;
}

TEST(ParseListen, ReadsEveryForm) {
  EXPECT_EQ(listen("pop3=127.0.0.1:1110"), (Listen{Protocol::pop3, "127.0.0.1", 1110, {}}));
  EXPECT_EQ(listen("pop3s=[::1]:1995"), (Listen{Protocol::pop3s, "::1", 1995, {}}));
  EXPECT_EQ(listen("lmtp=*:24"), (Listen{Protocol::lmtp, "*", 24, {}}));
  EXPECT_EQ(listen("pop3=0.0.0.0:0"), (Listen{Protocol::pop3, "0.0.0.0", 0, {}}));
  EXPECT_EQ(listen("lmtp=unix:/run/fermo/lmtp"), (Listen{Protocol::lmtp, "", 0, "/run/fermo/lmtp"}));
  EXPECT_EQ(listen("lmtp=unix:run/a:b=c"), (Listen{Protocol::lmtp, "", 0, "run/a:b=c"}));
}

TEST(ParseListen, TextIsReadBackAsTheSame) {
  for (const char* text : {"pop3=127.0.0.1:1110", "pop3s=[2001:db8::1]:65535", "lmtp=*:0", "lmtp=unix:/run/x"}) {
    EXPECT_EQ(listen(text).text(), text);
  }
}

TEST(ParseListen, AnAddressHasOneForm) {
  EXPECT_EQ(listen("pop3=[2001:DB8:0:0::0:1]:1").text(), "pop3=[2001:db8::1]:1");
  EXPECT_EQ(listen("pop3=[::ffff:192.0.2.1]:1").text(), "pop3=192.0.2.1:1");
}

TEST(ParseListen, SaysWhatIsWrongAndWhatWouldBeRight) {
  EXPECT_THAT(problem(""), HasSubstr("PROTO=ADDRESS:PORT"));
  EXPECT_THAT(problem("127.0.0.1:110"), HasSubstr("PROTO=ADDRESS:PORT"));
  EXPECT_THAT(problem("imap=127.0.0.1:143"), HasSubstr("it must be pop3, pop3s or lmtp"));
  EXPECT_THAT(problem("POP3=127.0.0.1:110"), HasSubstr("it must be pop3"));
  EXPECT_THAT(problem("pop3=127.0.0.1"), HasSubstr("port is missing"));
  EXPECT_THAT(problem("pop3=[::1]"), HasSubstr("port is missing"));
  EXPECT_THAT(problem("pop3=::1:110"), HasSubstr("in brackets"));
  EXPECT_THAT(problem("pop3=:110"), HasSubstr("write *"));
  EXPECT_THAT(problem("pop3=localhost:110"), HasSubstr("127.0.0.1 or [::1]"));
  EXPECT_THAT(problem("pop3=mail.example.org:110"), HasSubstr("not a numeric address"));
  EXPECT_THAT(problem("pop3=[127.0.0.1]:110"), HasSubstr("not an IPv6 address"));
  EXPECT_THAT(problem("pop3=[]:110"), HasSubstr("not an IPv6 address"));
  EXPECT_THAT(problem("pop3=[*]:110"), HasSubstr("not an IPv6 address"));
  EXPECT_THAT(problem("pop3=127.1:110"), HasSubstr("not a numeric address"));
  EXPECT_THAT(problem("pop3=unix:/run/x"), HasSubstr("lmtp only"));
  EXPECT_THAT(problem("lmtp=unix:"), HasSubstr("missing"));
  EXPECT_THAT(problem("lmtp=unix:/" + std::string(107, 'x')), HasSubstr("shorter"));
  EXPECT_THAT(problem(std::string_view("lmtp=unix:/a\0b", 14)), HasSubstr("NUL"));
  EXPECT_THAT(problem(std::string_view("pop3=127.0.0.1\0:110", 19)), HasSubstr("not a numeric address"));
}

TEST(ParseListen, APortIsANumberOfSixteenBits) {
  for (const char* port : {"", "65536", "-1", "+1", " 110", "110 ", "1e3", "0x6e", "pop3", "99999999999999999999"}) {
    EXPECT_THAT(problem("pop3=127.0.0.1:" + std::string(port)), HasSubstr("not a port")) << port;
  }
  EXPECT_EQ(listen("pop3=127.0.0.1:65535").port, 65535);
}

TEST(ParseListen, TheLongestUnixPathIsTaken) {
  EXPECT_EQ(listen("lmtp=unix:/" + std::string(106, 'x')).unix_path.string().size(), 107U);
}

TEST(ParseListen, AnyTextIsEitherReadOrExplained) {
  std::mt19937_64 random(7);
  constexpr std::string_view alphabet = "pop3slmt=:[]*.0127:unix/\xFF ";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = i % 2 == 0 ? "pop3=" : "lmtp=";
    for (std::size_t n = random() % 20; n > 0; --n) text += alphabet[random() % alphabet.size()];
    const auto parsed = parse_listen(text);
    EXPECT_NE(parsed.listen.has_value(), !parsed.problem.empty()) << text;
    if (parsed.listen) {
      EXPECT_EQ(listen(parsed.listen->text()), *parsed.listen) << text;
    }
  }
}

}  // namespace
}  // namespace fermo::config
