#include "fermo/fetch_target_url.h"

#include <gtest/gtest.h>

namespace fermo::commands {
namespace {

using Protocol = MailUrl::Protocol;
using Tls = MailUrl::Tls;

TEST(FetchTargetUrl, ReadsEveryScheme) {
  auto lmtp = read_mail_url("lmtp://mail.example.org/ann@example.org");
  ASSERT_TRUE(lmtp);
  EXPECT_EQ(lmtp->protocol, Protocol::lmtp);
  EXPECT_EQ(lmtp->host, "mail.example.org");
  EXPECT_EQ(lmtp->port, 24);
  EXPECT_EQ(lmtp->recipient, "ann@example.org");
  EXPECT_EQ(read_mail_url("smtp://[::1]:2525/ann")->host, "::1");
  EXPECT_EQ(read_mail_url("smtp://[::1]:2525/ann")->port, 2525);
  EXPECT_EQ(read_mail_url("smtps://h/a@b")->tls, Tls::implicit);
  EXPECT_EQ(read_mail_url("smtp+starttls://h/a@b")->tls, Tls::starttls);
  auto local = read_mail_url("lmtp+unix:/run/dovecot/lm?tp?ann");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->socket, "/run/dovecot/lm?tp");
  EXPECT_EQ(local->recipient, "ann");
  auto imap = read_mail_url("imaps://ann@example.org@imap.example.org/Archiv/Köln");
  ASSERT_TRUE(imap);
  EXPECT_EQ(imap->user, "ann@example.org");
  EXPECT_EQ(imap->host, "imap.example.org");
  EXPECT_EQ(imap->port, 993);
  EXPECT_EQ(imap->folder, "Archiv/Köln");
}

TEST(FetchTargetUrl, QuotesTheRecipientAgain) {
  EXPECT_EQ(read_mail_url("lmtp://h/\"a b\"@c")->recipient, "\"a b\"@c");
}

TEST(FetchTargetUrl, SaysWhatIsWrong) {
  for (const char* text : {"lmtp:h/a@b",
                           "lmtp://h",
                           "lmtp://h/",
                           "lmtp://h/a b",
                           "lmtp:///a@b",
                           "lmtp://h:0/a@b",
                           "lmtp://h:x/a@b",
                           "lmtp://::1/a@b",
                           "lmtp://[::1/a@b",
                           "lmtp://[::1]x/a@b",
                           "lmtp+unix:/path",
                           "lmtp+unix:path?a",
                           "lmtp+unix:/p?",
                           "imaps://h/INBOX",
                           "imaps://@h/INBOX",
                           "imaps://a@h",
                           "imaps://a@h/",
                           "imap://a@h/INBOX",
                           "lmtp",
                           "smtps://h/a\n"}) {
    const auto read = read_mail_url(text);
    ASSERT_FALSE(read) << text;
    EXPECT_FALSE(read.problem().empty()) << text;
  }
}

TEST(FetchTargetUrl, KnowsItsSchemes) {
  EXPECT_TRUE(is_mail_scheme("imap+starttls"));
  EXPECT_FALSE(is_mail_scheme("imap"));
  EXPECT_FALSE(is_mail_scheme("maildir"));
}

}  // namespace
}  // namespace fermo::commands
