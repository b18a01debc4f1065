#include "fetch_accounts/providers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fermo::fetch_accounts {
namespace {

using testing::HasSubstr;

TEST(Providers, AnAddressLeadsToServerAndUser) {
  const auto gmail = settings_for("Ann@GMail.com");
  ASSERT_TRUE(gmail.settings);
  EXPECT_EQ(fetch::text_of(gmail.settings->server), "pop3s://pop.gmail.com");
  EXPECT_EQ(gmail.settings->user, "Ann@GMail.com");
  const auto web = settings_for("ann@web.de");
  ASSERT_TRUE(web.settings);
  EXPECT_EQ(web.settings->user, "ann");
  EXPECT_GE(web.settings->provider->interval_min, std::chrono::minutes(15));
}

TEST(Providers, WithoutSettingsItIsSaidWhatToDo) {
  EXPECT_THAT(settings_for("ann@example.org").problem, HasSubstr("--server pop3s://HOST"));
  EXPECT_THAT(settings_for("ann@icloud.com").problem, HasSubstr("has no POP3"));
  for (const std::string none : {"ann", "@gmail.com", "ann@"}) {
    EXPECT_THAT(settings_for(none).problem, HasSubstr("is no mail address")) << none;
  }
}

TEST(Providers, AServerLeadsToItsProvider) {
  ASSERT_NE(provider_of_server("POP.gmail.com"), nullptr);
  EXPECT_EQ(provider_of_server("POP.gmail.com")->name, "Gmail");
  EXPECT_EQ(provider_of_server("pop.example.org"), nullptr);
  EXPECT_EQ(provider_of_server(""), nullptr);
}

TEST(Providers, WhatHasToBeDoneBeforeIsSaid) {
  EXPECT_THAT(before_login(*provider_of_address("a@gmail.com")),
              testing::AllOf(HasSubstr("Forwarding and POP/IMAP"), HasSubstr("apppasswords")));
  EXPECT_THAT(before_login(*provider_of_address("a@outlook.com")), HasSubstr("no passwords"));
  EXPECT_EQ(before_login(*provider_of_address("a@posteo.de")), "");
}

TEST(Providers, ARefusedLoginIsExplainedByWhatTheServerSaid) {
  const Provider* const gmail = provider_of_address("a@gmail.com");
  EXPECT_THAT(after_refused_login("[SYS/PERM] Your account is not enabled for POP access. Please visit …", gmail),
              testing::AllOf(HasSubstr("POP3 is switched off there"), HasSubstr("Forwarding and POP/IMAP")));
  EXPECT_THAT(after_refused_login("POP3 access disabled", nullptr), HasSubstr("in the settings of the account"));
  EXPECT_THAT(after_refused_login("[AUTH] Application-specific password required: https://…", gmail),
              testing::AllOf(HasSubstr("app password"), HasSubstr("apppasswords")));
  EXPECT_THAT(after_refused_login("[AUTH] Username and password not accepted.", gmail),
              testing::AllOf(HasSubstr("check user and password"), HasSubstr("apppasswords")));
  EXPECT_THAT(after_refused_login("no", nullptr), HasSubstr("many providers"));
  EXPECT_EQ(after_refused_login("no", provider_of_address("a@posteo.de")), "check user and password");
}

/// Every domain that is listed once, with a server that can be read and is not in the clear.
TEST(Providers, EveryEntryIsUsable) {
  for (const std::string domain : {"gmail.com", "outlook.com", "yahoo.com", "aol.com", "gmx.net", "gmx.com", "web.de",
                                   "t-online.de", "mail.ru", "yandex.ru", "zoho.com", "fastmail.com", "posteo.de",
                                   "mailbox.org", "libero.it", "orange.fr", "free.fr", "comcast.net"}) {
    const auto found = settings_for("ann@" + domain);
    ASSERT_TRUE(found.settings) << domain;
    EXPECT_NE(found.settings->server.tls, fetch::TlsMode::plaintext);
    EXPECT_EQ(provider_of_server(found.settings->server.host), found.settings->provider) << domain;
  }
}

}  // namespace
}  // namespace fermo::fetch_accounts
