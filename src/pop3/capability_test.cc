#include "pop3/capability.h"

#include <gtest/gtest.h>

namespace fermo::pop3 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ServerSettings with_tls() {
  ServerSettings settings;
  settings.tls_available = true;
  return settings;
}

TEST(CapabilityReply, OffersOnlyStlsInTheClear) {
  EXPECT_EQ(
      capability_reply(with_tls(), {}),
      "+OK Capability list follows\r\nTOP\r\nUIDL\r\nSTLS\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n.\r\n");
}

TEST(CapabilityReply, OffersPasswordLoginsUnderTls) {
  const auto reply = capability_reply(with_tls(), {.tls_active = true});
  EXPECT_THAT(reply, HasSubstr("\r\nUSER\r\nSASL PLAIN\r\n"));
  EXPECT_THAT(reply, Not(HasSubstr("STLS")));
}

TEST(CapabilityReply, OffersPasswordLoginsInTheClearWhenTheOperatorAllowsThem) {
  auto settings = with_tls();
  settings.plaintext_logins = true;
  EXPECT_THAT(capability_reply(settings, {}), HasSubstr("\r\nUSER\r\nSASL PLAIN\r\nSTLS\r\n"));
}

TEST(CapabilityReply, HidesStlsWithoutACertificate) {
  ServerSettings settings;
  settings.plaintext_logins = true;
  EXPECT_THAT(capability_reply(settings, {}), Not(HasSubstr("STLS")));
}

TEST(CapabilityReply, ListsTheSameAfterLoginButForStls) {
  auto settings = with_tls();
  settings.plaintext_logins = true;
  auto before = capability_reply(settings, {});
  before.erase(before.find("STLS\r\n"), 6);
  EXPECT_EQ(capability_reply(settings, {.authenticated = true}), before);
}

TEST(CapabilityReply, AnnouncesPoliciesOnlyWhenThereAreAny) {
  ServerSettings settings;
  EXPECT_THAT(capability_reply(settings, {}), Not(HasSubstr("EXPIRE")));
  EXPECT_THAT(capability_reply(settings, {}), Not(HasSubstr("LOGIN-DELAY")));
  EXPECT_THAT(capability_reply(settings, {}), Not(HasSubstr("IMPLEMENTATION")));
  settings.login_delay = std::chrono::seconds(90);
  settings.expire_days = 0;
  settings.implementation = "Fermo 1.0";
  EXPECT_THAT(capability_reply(settings, {}), HasSubstr("LOGIN-DELAY 90\r\nEXPIRE 0\r\nIMPLEMENTATION Fermo 1.0\r\n"));
  settings.expire_never = true;
  EXPECT_THAT(capability_reply(settings, {}), HasSubstr("\r\nEXPIRE NEVER\r\n"));
}

}  // namespace
}  // namespace fermo::pop3
