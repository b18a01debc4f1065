#include "fetch/server_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/policy_text.h"

namespace fermo::fetch {
namespace {

using testing::HasSubstr;

TEST(ServerUrl, SchemesSayHowTlsBegins) {
  EXPECT_EQ(read_server_url("pop3s://pop.example.org").server, (ServerUrl{TlsMode::implicit, "pop.example.org", 995}));
  EXPECT_EQ(read_server_url("pop3+stls://h/").server, (ServerUrl{TlsMode::stls, "h", 110}));
  EXPECT_EQ(read_server_url("pop3://[::1]:1110").server, (ServerUrl{TlsMode::plaintext, "::1", 1110}));
}

TEST(ServerUrl, IsWrittenAsItIsRead) {
  for (const std::string text : {"pop3s://pop.example.org", "pop3+stls://h:1", "pop3://[::1]:1110", "pop3s://[::1]"}) {
    EXPECT_EQ(text_of(*read_server_url(text).server), text);
  }
  EXPECT_EQ(text_of(*read_server_url("pop3s://h:995").server), "pop3s://h");
}

TEST(ServerUrl, WhatIsWrongIsTold) {
  EXPECT_THAT(read_server_url("pop.example.org").problem, HasSubstr("it has no scheme"));
  EXPECT_THAT(read_server_url("imaps://h").problem, HasSubstr("its scheme is unknown"));
  EXPECT_THAT(read_server_url("pop3s://").problem, HasSubstr("its host is missing"));
  EXPECT_THAT(read_server_url("pop3s://ann@h").problem, HasSubstr("its host is missing or has characters"));
  EXPECT_THAT(read_server_url("pop3s://h:0").problem, HasSubstr("its port"));
  EXPECT_THAT(read_server_url("pop3s://[::1]995").problem, HasSubstr("its port"));
  EXPECT_THAT(read_server_url("pop3s://::1").problem, HasSubstr("stands in brackets"));
  EXPECT_THAT(read_server_url("pop3s://[::1").problem, HasSubstr("a bracket is missing"));
}

TEST(ServerUrl, ProxiesAreSocks5) {
  EXPECT_EQ(read_proxy_url("socks5://127.0.0.1:9050").proxy, (ProxyUrl{"127.0.0.1", 9050, ""}));
  EXPECT_EQ(read_proxy_url("socks5h://ann@proxy").proxy, (ProxyUrl{"proxy", 1080, "ann"}));
  for (const std::string text : {"socks5://[::1]", "socks5://ann@h:1"}) {
    EXPECT_EQ(text_of(*read_proxy_url(text).proxy), text);
  }
  for (const std::string text : {"h:1080", "http://h", "socks5://", "socks5://h:0", "socks5://ann:secret@h"}) {
    EXPECT_THAT(read_proxy_url(text).problem,
                testing::AllOf(HasSubstr("socks5://[USER@]HOST"), Not(HasSubstr("secret"))));
  }
}

TEST(ServerUrl, TheLedgerKnowsAnAccountByUserAndServer) {
  EXPECT_EQ(account_name("ann", *read_server_url("pop3s://Pop.Example.ORG").server), "ann@pop.example.org");
  EXPECT_EQ(account_name("ann", *read_server_url("pop3+stls://pop.example.org").server), "ann@pop.example.org");
  EXPECT_EQ(account_name("ann", *read_server_url("pop3s://h:1995").server), "ann@h:1995");
}

TEST(PolicyText, ModesAreWrittenAsTheyAreRead) {
  for (const std::string text : {"delete", "keep", "keep-days=14", "keep-newest=0", "mirror"}) {
    Policy policy;
    EXPECT_TRUE(read_mode(text, policy));
    EXPECT_EQ(text_of_mode(policy), text);
  }
}

TEST(PolicyText, WhatIsNoModeChangesNothing) {
  for (const std::string text :
       {"", "Keep", "keep-days", "keep-days=", "keep-days=-1", "keep-days=36501", "delete=1"}) {
    Policy policy;
    EXPECT_FALSE(read_mode(text, policy)) << text;
    EXPECT_EQ(policy, Policy());
  }
}

TEST(ServerUrl, GmailsRecentMessagesAreOfTheSameAccount) {
  EXPECT_EQ(account_name("recent:ann@gmail.com", *read_server_url("pop3s://pop.gmail.com").server),
            "ann@gmail.com@pop.gmail.com");
  EXPECT_EQ(account_name("recent:ann", *read_server_url("pop3s://pop.example.org").server),
            "recent:ann@pop.example.org");
}

}  // namespace
}  // namespace fermo::fetch
