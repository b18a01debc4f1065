#include "sasl/plain.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/failure.h"

namespace fermo::sasl {
namespace {

using namespace std::string_literals;

/// RFC 4648 §4, by hand so that the library does not check itself.
std::string base64(std::string_view octets) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < octets.size(); at += 3) {
    const std::string_view group = octets.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) text.push_back(i <= group.size() ? alphabet[bits >> (18 - 6 * i) & 0x3f] : '=');
  }
  return text;
}

Result<PasswordLogin> read(std::string_view message) {
  return read_plain_response(base64(message));
}

void expect_login(std::string_view message, std::string_view authorization, std::string_view authentication,
                  std::string_view password) {
  const auto login = read(message);
  ASSERT_TRUE(login) << testing::PrintToString(message) << ": " << login.error().message();
  EXPECT_EQ(login->authorization_identity, authorization);
  EXPECT_EQ(login->authentication_identity, authentication);
  EXPECT_EQ(login->password.reveal(), password);
}

TEST(PlainResponse, IsReadAsRfc4616Shows) {
  expect_login("\0tim\0tanstaaftanstaaf"s, "", "tim", "tanstaaftanstaaf");
  expect_login("Ursel\0Kurt\0xipj3plmq"s, "Ursel", "Kurt", "xipj3plmq");
  const auto login = read_plain_response("AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
  ASSERT_TRUE(login);
  EXPECT_EQ(login->authentication_identity, "tim");
}

TEST(PlainResponse, MayHoldAnyTextForAPassword) {
  expect_login("\0anna@example.org\0 two  spaces "s, "", "anna@example.org", " two  spaces ");
  expect_login("\0anna\0p"s, "", "anna", "p");
  expect_login("\0j\xc3\xb6rg\0\xe5\xaf\x86\xe7\xa0\x81"s, "", "j\xc3\xb6rg", "\xe5\xaf\x86\xe7\xa0\x81");
  expect_login("\0anna\0{CRYPT}$6$x:y\"\\'<>"s, "", "anna", "{CRYPT}$6$x:y\"\\'<>");
  expect_login("\0anna\0"s + std::string(8000, 'x'), "", "anna", std::string(8000, 'x'));
}

TEST(PlainResponse, GivesThePasswordAsPassWouldGiveIt) {
  // SASLprep would make these "m2", "a b" and "i".
  expect_login("\0anna\0m\xc2\xb2"s, "", "anna", "m\xc2\xb2");
  expect_login("\0anna\0a\xc2\xa0"s + "b", "", "anna", "a\xc2\xa0"s + "b");
  expect_login("\0anna\0\xc2\xadi"s, "", "anna", "\xc2\xadi");
}

TEST(PlainResponse, LeavesAnAuthorizationIdentityThatRepeatsTheUserNameEmpty) {
  expect_login("anna\0anna\0secret"s, "", "anna", "secret");
  expect_login("Anna\0anna\0secret"s, "Anna", "anna", "secret");
}

TEST(PlainResponse, IsRefusedWithAFieldTooFewOrTooMany) {
  for (const auto& message : {"anna"s, "\0"s, "\0\0"s, "anna\0secret"s, "\0anna"s, "\0anna\0"s, "\0\0secret"s,
                              "x\0\0secret"s, "x\0anna\0"s, "\0anna\0secret\0"s, "\0anna\0sec\0ret"s,
                              "\0\0anna\0secret"s, "\0anna\0\0secret"s, "\0anna\0\0"s, "\0\0\0"s, "\0\0\0\0"s}) {
    const auto login = read(message);
    ASSERT_FALSE(login) << testing::PrintToString(message);
    EXPECT_EQ(login.error(), Error::malformed);
  }
}

TEST(PlainResponse, IsRefusedWhenItIsNoUtf8) {
  for (const auto octets : {"\xff", "\xe4", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3"}) {
    EXPECT_FALSE(read("a"s + octets + "\0anna\0secret"s)) << "in the authorization identity";
    EXPECT_FALSE(read("\0an"s + octets + "na\0secret"s)) << "in the user name";
    EXPECT_FALSE(read("\0anna\0sec"s + octets + "ret")) << "in the password";
  }
}

TEST(PlainResponse, IsRefusedWithAControlCharacterInside) {
  for (const auto control : {"\r", "\n", "\t", "\x1b", "\x7f", "\xc2\x85"}) {
    EXPECT_FALSE(read("a"s + control + "\0anna\0secret"s));
    EXPECT_FALSE(read("\0an"s + control + "na\0secret"s));
    EXPECT_FALSE(read("\0anna\0sec"s + control + "ret"));
  }
}

TEST(PlainResponse, IsRefusedWhenItIsNotStrictBase64) {
  const std::string good = base64("\0tim\0tanstaaftanstaa"s);
  ASSERT_TRUE(read_plain_response(good));
  ASSERT_TRUE(good.ends_with('='));
  for (const auto& text : {""s,
                           "="s,
                           "=="s,
                           "===="s,
                           "*"s,
                           good.substr(0, good.size() - 1),
                           good + "=",
                           good + "====",
                           good + good,
                           " " + good,
                           good + " ",
                           good + "\r",
                           good + "\n",
                           "AHR pbQBz"s,
                           "AHR\tpbQBz"s,
                           "AHRp\r\nbQBz"s,
                           "AHRpbQ=zAAAA"s,
                           "AHRp=bQBz"s,
                           "AHRpbQBz-_=="s,
                           "\0AHRpbQBz"s,
                           "AHRpbQBz\0"s,
                           "AHRpbQBz\0\0\0\0"s}) {
    const auto login = read_plain_response(text);
    ASSERT_FALSE(login) << testing::PrintToString(text);
    EXPECT_EQ(login.error(), Error::malformed);
  }
}

TEST(PlainResponse, SurvivesAnyOctets) {
  std::mt19937 random(9);
  std::size_t taken = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string message;
    for (std::size_t length = random() % 10; length > 0; --length) message.push_back("\0\0ab\xc3\xb6"[random() % 6]);
    const auto login = read(message);
    if (!login) continue;
    ++taken;
    const std::string& authorization = login->authorization_identity;
    const std::string& authentication = login->authentication_identity;
    const std::string rest = authentication + '\0' + std::string(login->password.reveal());
    ASSERT_TRUE(message == authorization + '\0' + rest ||
                (authorization.empty() && message == authentication + '\0' + rest))
        << testing::PrintToString(message);
  }
  EXPECT_GT(taken, 100u);
}

TEST(PlainResponse, IsReadByManyThreadsAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      const std::string name = "user" + std::to_string(i);
      for (int round = 0; round < 200; ++round) expect_login("\0"s + name + "\0secret"s, "", name, "secret");
    });
  }
}

TEST(SaslError, TellsWhetherTryingAgainHelps) {
  EXPECT_TRUE(make_error_code(Error::malformed) == Failure::permanent);
  EXPECT_TRUE(make_error_code(Error::unavailable) == Failure::temporary);
  EXPECT_NE(make_error_code(Error::malformed).message(), make_error_code(Error::unavailable).message());
  EXPECT_STREQ(make_error_code(Error::malformed).category().name(), "sasl");
}

}  // namespace
}  // namespace fermo::sasl
