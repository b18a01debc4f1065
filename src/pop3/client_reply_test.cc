#include "pop3/client_reply.h"

#include <gtest/gtest.h>

#include "pop3/client_capabilities.h"
#include "pop3/client_listing.h"
#include "pop3/client_login_methods.h"

/// The small parts of the client session that are plain functions.
namespace fermo::pop3::client {
namespace {

using namespace std::string_literals;
using sasl::Mechanism;
using ::testing::ElementsAre;

// --- Replies ---------------------------------------------------------------------------------------------------------

TEST(ClientReply, IsReadInAnyCaseAndWithAnySpaces) {
  for (const auto* line : {"+OK text", "+ok  text  ", "+Ok\ttext"}) {
    const auto reply = parse_reply(line);
    ASSERT_TRUE(reply) << line;
    EXPECT_EQ(reply->kind, Reply::Kind::ok);
    EXPECT_EQ(reply->text, "text");
  }
  EXPECT_EQ(parse_reply("+OK")->text, "");
  EXPECT_EQ(parse_reply("-err no")->kind, Reply::Kind::err);
  EXPECT_EQ(parse_reply("+")->kind, Reply::Kind::challenge);
  EXPECT_EQ(parse_reply("+ PDE4OTY=")->text, "PDE4OTY=");
}

TEST(ClientReply, IsNothingElse) {
  for (const auto* line : {"", " ", "OK", "-", "+OKAY", "-ERROR", "-OK", "+ERR", "* OK", " +OK", "220 ready", "."}) {
    EXPECT_FALSE(parse_reply(line)) << line;
  }
}

TEST(ClientReply, TellsItsResponseCode) {
  const auto code = [](const std::string& text) { return parse_reply("-ERR " + text)->code; };
  EXPECT_EQ(code("[IN-USE] x"), ResponseCode::in_use);
  EXPECT_EQ(code("[login-delay]"), ResponseCode::login_delay);
  EXPECT_EQ(code("[SYS/TEMP/DISK] x"), ResponseCode::sys_temp);
  EXPECT_EQ(code("[SYS/PERM] x"), ResponseCode::sys_perm);
  EXPECT_EQ(code("[AUTH] x"), ResponseCode::auth);
  EXPECT_EQ(code("[EXPIRED 3] x"), ResponseCode::expire);
  EXPECT_EQ(code("[AUTHOR] x"), ResponseCode::other);
  EXPECT_EQ(code("[SYS/TEMP x"), ResponseCode::none);
  EXPECT_EQ(code("no [AUTH]"), ResponseCode::none);
  EXPECT_EQ(parse_reply("+OK [AUTH] fine")->code, ResponseCode::none);
}

TEST(CleanedText, KeepsWhatCanBeReadAndNothingThatActs) {
  EXPECT_EQ(cleaned("plain text"), "plain text");
  EXPECT_EQ(cleaned("Zugriff abgelehnt f\xC3\xBCr Sie, \xE6\x97\xA5"),
            "Zugriff abgelehnt f\xC3\xBCr Sie, \xE6\x97\xA5");
  EXPECT_EQ(cleaned("a\x1B[31m\0\x7F\tb"s), "a?[31m???b");
  EXPECT_EQ(cleaned("\xC2\x9B\xE2\x80\xAE\xE2\x81\xA6\xD8\x9C."), "????.");
  EXPECT_EQ(cleaned("not UTF-8: \xE9\xFF"), "not UTF-8: ??");
}

TEST(CleanedText, IsCutBetweenCharacters) {
  EXPECT_EQ(cleaned("abc\xC3\xBC", 4), "abc");
  EXPECT_EQ(cleaned(std::string(1000, 'x')).size(), limits::client_text_octets_max);
}

// --- Capabilities ----------------------------------------------------------------------------------------------------

Capabilities capabilities_of(std::initializer_list<std::string_view> lines) {
  Capabilities capabilities;
  capabilities.known = true;
  for (const auto line : lines) capabilities.take_line(line);
  return capabilities;
}

TEST(ClientCapabilities, AreReadFromTheirLines) {
  const auto all = capabilities_of({"TOP", "user", "UIDL ", "STLS", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE",
                                    "SASL plain  SCRAM-SHA-256", "LOGIN-DELAY 900 USER", "EXPIRE 60", "UTF8 USER",
                                    "IMPLEMENTATION Some  Server\x1B", "X-UNKNOWN", ""});
  EXPECT_TRUE(all.top && all.user && all.uidl && all.stls && all.pipelining && all.resp_codes && all.auth_resp_code);
  EXPECT_TRUE(all.utf8);
  EXPECT_THAT(all.sasl, ElementsAre("PLAIN", "SCRAM-SHA-256"));
  EXPECT_EQ(all.login_delay, std::chrono::seconds(900));
  EXPECT_EQ(all.expire_days, 60U);
  EXPECT_FALSE(all.expire_never);
  EXPECT_EQ(all.implementation, "Some  Server?");
}

TEST(ClientCapabilities, AreLeftOutWhereTheyMakeNoSense) {
  const auto odd = capabilities_of({"LOGIN-DELAY soon", "EXPIRE 99999999999", "TOPS", "SASL", "IMPLEMENTATION"});
  EXPECT_EQ(odd, capabilities_of({}));
  EXPECT_TRUE(capabilities_of({"EXPIRE never"}).expire_never);
}

TEST(ClientCapabilities, AreTheSameAfterTheyWereKept) {
  auto said =
      capabilities_of({"TOP", "USER", "UIDL", "STLS", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "UTF8",
                       "SASL PLAIN SCRAM-SHA-256", "LOGIN-DELAY 60", "EXPIRE 7", "IMPLEMENTATION Some server 2"});
  said.known = true;
  EXPECT_EQ(Capabilities::from_text(said.text()), said);
  auto others = capabilities_of({"EXPIRE NEVER"});
  others.known = true;
  EXPECT_EQ(Capabilities::from_text(others.text()), others);
  Capabilities none;
  EXPECT_EQ(none.text(), "");
  EXPECT_EQ(Capabilities::from_text(""), none);
  none.known = true;
  EXPECT_EQ(Capabilities::from_text(none.text()), none);
}

// --- Numbers ---------------------------------------------------------------------------------------------------------

TEST(ClientListing, ReadsNumbersWithWhateverFollows) {
  EXPECT_EQ(parse_drop_listing("2 320"), (mail::DropListing{.messages = 2, .octets = {320}}));
  EXPECT_EQ(parse_drop_listing("002 320 octets, really")->octets.value, 320U);
  EXPECT_FALSE(parse_drop_listing("2"));
  EXPECT_FALSE(parse_drop_listing("-1 2"));
  EXPECT_EQ(parse_scan_listing(" 1  120 x")->octets.value, 120U);
  EXPECT_FALSE(parse_scan_listing("0 120"));
  EXPECT_FALSE(parse_scan_listing("1 big"));
  EXPECT_EQ(parse_scan_listing("1 99999999999999999999")->octets.value, UINT64_MAX);
}

TEST(ClientListing, TakesUniqueIdsAsTheyAre) {
  EXPECT_EQ(parse_unique_id("1 whqtswO00WBw418f9t5JxYwZ")->unique_id, "whqtswO00WBw418f9t5JxYwZ");
  EXPECT_EQ(parse_unique_id("1 with  spaces\xE9 ")->unique_id, "with  spaces\xE9");
  EXPECT_EQ(parse_unique_id("7")->unique_id, "");
  EXPECT_EQ(parse_unique_id("1 " + std::string(512, 'x'))->unique_id.size(), 512U);
  EXPECT_EQ(parse_unique_id("1 " + std::string(513, 'x'))->unique_id, "");
  EXPECT_FALSE(parse_unique_id("0 a"));
  EXPECT_FALSE(parse_unique_id("a 1"));
}

TEST(ClientListing, FindsTheAnnouncedOctets) {
  EXPECT_EQ(announced_octets("120 octets"), Octets{120});
  EXPECT_EQ(announced_octets("Message follows (120 octets)"), Octets{120});
  EXPECT_EQ(announced_octets("Message 3 follows"), std::nullopt);
  EXPECT_EQ(announced_octets("many octets"), std::nullopt);
}

TEST(ClientListing, IsBoundedByWhatStatSaid) {
  EXPECT_EQ(listing_lines_max(std::nullopt), 1'000'000U);
  EXPECT_EQ(listing_lines_max(mail::DropListing{.messages = 1'000'000, .octets = {}}), 1'001'000U);
  EXPECT_EQ(listing_lines_max(mail::DropListing{.messages = UINT64_MAX, .octets = {}}), 10'001'000U);
}

// --- Ways to log in --------------------------------------------------------------------------------------------------

std::vector<std::string_view> methods(const Settings& settings, const Capabilities& capabilities,
                                      LoginContext context) {
  std::vector<std::string_view> names;
  for (const auto& method : login_methods(settings, capabilities, context)) names.push_back(name_of(method));
  return names;
}

const Capabilities rich = capabilities_of(
    {"USER",
     "SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS XOAUTH2 OAUTHBEARER EXTERNAL NTLM"});

TEST(LoginMethods, AreSafestFirst) {
  EXPECT_THAT(methods({}, rich, {.tls_active = true, .channel_binding = true}),
              ElementsAre("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "USER"));
  EXPECT_THAT(methods({}, rich, {.tls_active = true}),
              ElementsAre("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "USER"));
}

TEST(LoginMethods, RevealNothingWithoutTls) {
  Settings settings;
  EXPECT_THAT(methods(settings, rich, {.apop_possible = true}),
              ElementsAre("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"));
  EXPECT_THAT(methods(settings, {}, {}), ElementsAre());
  settings.methods = {Mechanism::plain, UserPass{}, Mechanism::xoauth2};
  EXPECT_THAT(methods(settings, rich, {}), ElementsAre());
  settings.kind = CredentialKind::token;
  EXPECT_THAT(methods(settings, rich, {}), ElementsAre());
  settings.plaintext_logins = true;
  EXPECT_THAT(methods(settings, rich, {}), ElementsAre("XOAUTH2"));
}

TEST(LoginMethods, SuitTheCredentials) {
  Settings settings;
  settings.kind = CredentialKind::token;
  EXPECT_THAT(methods(settings, rich, {.tls_active = true}), ElementsAre("OAUTHBEARER", "XOAUTH2"));
  settings.kind = CredentialKind::certificate;
  EXPECT_THAT(methods(settings, rich, {.tls_active = true}), ElementsAre("EXTERNAL"));
}

TEST(LoginMethods, WithoutCapaAreUserOrWhatWasWished) {
  Settings settings;
  EXPECT_THAT(methods(settings, {}, {.tls_active = true}), ElementsAre("USER"));
  settings.methods = {Mechanism::cram_md5, UserPass{}};
  EXPECT_THAT(methods(settings, {}, {.tls_active = true}), ElementsAre("CRAM-MD5", "USER"));
}

TEST(LoginMethods, HoldApopOnlyByWish) {
  Settings settings;
  const LoginContext context{.tls_active = true, .apop_possible = true};
  EXPECT_THAT(methods(settings, {}, context), ElementsAre("USER"));
  settings.methods = {Apop{}};
  EXPECT_THAT(methods(settings, {}, context), ElementsAre("APOP"));
  EXPECT_THAT(methods(settings, {}, {.tls_active = true}), ElementsAre());
}

}  // namespace
}  // namespace fermo::pop3::client
