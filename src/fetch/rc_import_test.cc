#include "fetch/rc_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace fermo::fetch {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = TargetSettings::Kind;

std::vector<std::string> told(const ImportProblems& problems) {
  std::vector<std::string> all;
  for (const ImportProblem& one : problems.list()) all.push_back(std::to_string(one.line) + " " + one.message);
  return all;
}

TEST(Fetchmailrc, TakesNoInOneWordWithItsOption) {
  const auto read = read_fetchmailrc("defaults keep poll h proto pop3 user a pass b nokeep norewrite nodns mda x");
  ASSERT_THAT(read.accounts, SizeIs(1));
  EXPECT_EQ(read.accounts[0].policy.mode, Mode::remove);
  EXPECT_THAT(told(read.problems), IsEmpty());
}

TEST(Fetchmailrc, DescribesServersAndUsers) {
  const auto read = read_fetchmailrc(R"(# comment
set daemon 300 ; set no bouncemail set logfile "/var/log/fetchmail"
poll pop.example.org proto pop3 service 995 timeout 60 and options uidl
  user 'anna@example.org' there with password "ge\"heim\061", is 'anna' here
    options ssl keep sslcertck sslcertfile /etc/ca.pem mda "/usr/bin/procmail -d anna" limit 1000000
  user bert pass secret fetchall no keep ssl to bert carl here smtphost mail/2525
skip old.example.org protocol POP3: username old password x sslproto ""
)");
  ASSERT_THAT(read.accounts, SizeIs(3));
  const AccountSettings& anna = read.accounts[0];
  EXPECT_EQ(anna.name, "anna@example.org@pop.example.org");
  EXPECT_EQ(anna.server, "pop.example.org");
  EXPECT_EQ(anna.port, 995);
  EXPECT_EQ(anna.tls, TlsMode::implicit);
  EXPECT_EQ(anna.user, "anna@example.org");
  EXPECT_EQ(anna.password.kind, PasswordSource::Kind::literal);
  EXPECT_EQ(anna.password.literal.reveal(), "ge\"heim1");
  EXPECT_EQ(anna.ca_file, "/etc/ca.pem");
  EXPECT_EQ(anna.timeout, std::chrono::seconds(60));
  EXPECT_EQ(anna.interval, std::chrono::seconds(300));
  EXPECT_EQ(anna.policy.mode, Mode::keep);
  EXPECT_EQ(anna.policy.whole_octets_max, Octets{1'000'000});
  EXPECT_EQ(anna.target.kind, Kind::command);
  EXPECT_THAT(anna.target.arguments, ElementsAre("/bin/sh", "-c", "/usr/bin/procmail -d anna"));
  EXPECT_TRUE(anna.enabled);

  const AccountSettings& bert = read.accounts[1];
  EXPECT_EQ(bert.user, "bert");
  EXPECT_EQ(bert.policy.mode, Mode::remove);
  EXPECT_EQ(bert.policy.whole_octets_max, std::nullopt);
  EXPECT_EQ(bert.target, (TargetSettings{Kind::smtp, "", {}, "mail", 2525, "bert"}));

  const AccountSettings& old = read.accounts[2];
  EXPECT_FALSE(old.enabled);
  EXPECT_EQ(old.tls, TlsMode::plaintext);
  EXPECT_EQ(old.target, (TargetSettings{Kind::smtp, "", {}, "localhost", std::nullopt, "old"}));
  EXPECT_THAT(told(read.problems),
              ElementsAre(HasSubstr("6 more than one local user"), HasSubstr("7 sslproto \"\": the password goes")));
}

TEST(Fetchmailrc, HasDefaultsAndOtherNamesForServers) {
  const auto read = read_fetchmailrc(
      "defaults proto pop3 user anna keep password p\n"
      "poll work via mail.example.org lmtp smtphost /run/lmtp user anna2\n");
  ASSERT_THAT(read.accounts, SizeIs(1));
  EXPECT_EQ(read.accounts[0].name, "anna2@work");
  EXPECT_EQ(read.accounts[0].server, "mail.example.org");
  EXPECT_EQ(read.accounts[0].tls, TlsMode::stls);
  EXPECT_EQ(read.accounts[0].policy.mode, Mode::keep);
  EXPECT_EQ(read.accounts[0].password.literal.reveal(), "p");
  EXPECT_EQ(read.accounts[0].target, (TargetSettings{Kind::lmtp, "/run/lmtp", {}, "", std::nullopt, "anna2"}));
}

TEST(Fetchmailrc, SaysWhatItLeavesOut) {
  const auto read = read_fetchmailrc(
      "poll a proto imap user x\n"
      "poll b proto pop3 plugin \"ssh %h\" user y no sslcertck folder INBOX,Sent ssl frobnicate mda \"x %T\"\n"
      "poll c service nonsense user z ssl no");
  EXPECT_THAT(told(read.problems), ElementsAre(HasSubstr("1 \"imap\" is not POP3"), HasSubstr("2 \"plugin\""),
                                               HasSubstr("2 no sslcertck"), HasSubstr("2 \"folder\""),
                                               HasSubstr("2 \"frobnicate\" is not known"), HasSubstr("mda: %F, %T"),
                                               HasSubstr("3 \"nonsense\" is no port"), HasSubstr("missing after")));
  EXPECT_THAT(read.accounts, SizeIs(2));
}

TEST(Fetchmailrc, MayHoldNothing) {
  EXPECT_THAT(read_fetchmailrc("\n# only this\n").accounts, IsEmpty());
}

TEST(Getmailrc, DescribesOneAccount) {
  const auto read = read_getmailrc(R"([retriever]
type = SimplePOP3SSLRetriever
server = pop.example.org
username: anna@example.org
password_command = ("pass", "show",
  'mail/anna')
ca_certs = /etc/ca.pem
ssl_fingerprints = ("AB:CD:0000000000000000000000000000000000000000000000000000000000ef",)
timeout = 90
; comment
[destination]
type = Maildir
path = ~/Maildir/
[options]
read_all = false
delete_after = 14
max_message_size = 500000
max_messages_per_session = 100
verbose = 0
)");
  EXPECT_THAT(told(read.problems), IsEmpty());
  ASSERT_THAT(read.accounts, SizeIs(1));
  const AccountSettings& account = read.accounts[0];
  EXPECT_EQ(account.server, "pop.example.org");
  EXPECT_EQ(account.user, "anna@example.org");
  EXPECT_EQ(account.tls, TlsMode::implicit);
  EXPECT_EQ(port_of(account), 995);
  EXPECT_EQ(account.password.kind, PasswordSource::Kind::command);
  EXPECT_THAT(account.password.command, ElementsAre("pass", "show", "mail/anna"));
  EXPECT_THAT(account.pins_sha256, ElementsAre("abcd0000000000000000000000000000000000000000000000000000000000ef"));
  EXPECT_EQ(account.timeout, std::chrono::seconds(90));
  EXPECT_EQ(account.target.kind, Kind::maildir);
  EXPECT_EQ(account.target.path, "~/Maildir/");
  EXPECT_EQ(account.policy.mode, Mode::keep_days);
  EXPECT_EQ(account.policy.keep_days, std::chrono::days(14));
  EXPECT_EQ(account.policy.whole_octets_max, Octets{500'000});
  EXPECT_EQ(account.policy.messages_at_once_max, 100u);
}

TEST(Getmailrc, KnowsCommandsAndDeletion) {
  const auto read = read_getmailrc(
      "[retriever]\ntype=SimplePOP3Retriever\nserver=h\nusername=u\npassword=p\nport=1110\nuse_apop=yes\n"
      "[destination]\ntype=MDA_external\npath=/usr/bin/mda\narguments=(\"-f\", \"%(sender)\")\n"
      "[options]\ndelete=true\ndelete_bigger_than=5\n[filter-1]\ntype=Filter_external\n");
  ASSERT_THAT(read.accounts, SizeIs(1));
  const AccountSettings& account = read.accounts[0];
  EXPECT_EQ(account.tls, TlsMode::plaintext);
  EXPECT_EQ(account.port, 1110);
  EXPECT_EQ(account.mechanism, "APOP");
  EXPECT_EQ(account.password.literal.reveal(), "p");
  EXPECT_EQ(account.policy.mode, Mode::remove);
  EXPECT_THAT(account.target.arguments, ElementsAre("/usr/bin/mda", "-f", "%(sender)"));
  EXPECT_THAT(told(read.problems),
              ElementsAre(HasSubstr("2 getmail sends the password unprotected"), HasSubstr("%(sender)"),
                          HasSubstr("14 \"delete_bigger_than\""), HasSubstr("\"filter-1\": filters")));
}

TEST(Getmailrc, SaysWhatCannotBeTakenOver) {
  EXPECT_THAT(told(read_getmailrc("[retriever]\ntype = SimpleIMAPRetriever\n").problems),
              ElementsAre("2 \"SimpleIMAPRetriever\" does not fetch by POP3"));
  EXPECT_THAT(told(read_getmailrc("").problems), ElementsAre("0 there is no retriever"));
  const auto read = read_getmailrc(
      "x\n[retriever]\nnonsense\ntype=SimplePOP3SSLRetriever\nport=99999\ntimeout=soon\nssl_fingerprints=('12',)\n"
      "[destination]\ntype=MultiDestination\n");
  EXPECT_THAT(told(read.problems), ElementsAre(HasSubstr("1 this is neither"), HasSubstr("3 this is neither"),
                                               HasSubstr("0 there is no server"), HasSubstr("5 port is no port"),
                                               HasSubstr("6 timeout is no number"), HasSubstr("7 \"12\""),
                                               HasSubstr("9 \"MultiDestination\""), HasSubstr("read_all")));
}

TEST(Mpoprc, DescribesAccountsOverDefaults) {
  const auto read = read_mpoprc(R"(defaults
tls on
tls_starttls off
keep 1d12h
delivery maildir "~/Mail Dir"
# comment
account work
host pop.example.org
user anna@example.org
passwordeval gpg -d ~/.password.gpg
skipsize 100000
account second : work
user bert
password "with space"
tls_starttls on
keep on
account third
host h
port 1995
auth scram-sha-256
keep off
delivery mda /usr/bin/procmail -d anna
proxy_host 127.0.0.1
proxy_port 9050
account default : work
)");
  EXPECT_THAT(told(read.problems), IsEmpty());
  ASSERT_THAT(read.accounts, SizeIs(3));
  const AccountSettings& work = read.accounts[0];
  EXPECT_EQ(work.name, "work");
  EXPECT_EQ(work.tls, TlsMode::implicit);
  EXPECT_EQ(work.policy.mode, Mode::keep_days);
  EXPECT_EQ(work.policy.keep_days, std::chrono::days(2));
  EXPECT_EQ(work.policy.whole_octets_max, Octets{100'000});
  EXPECT_EQ(work.target.kind, Kind::maildir);
  EXPECT_EQ(work.target.path, "~/Mail Dir");
  EXPECT_THAT(work.password.command, ElementsAre("/bin/sh", "-c", "gpg -d ~/.password.gpg"));
  const AccountSettings& second = read.accounts[1];
  EXPECT_EQ(second.server, "pop.example.org");
  EXPECT_EQ(second.user, "bert");
  EXPECT_EQ(second.tls, TlsMode::stls);
  EXPECT_EQ(second.policy.mode, Mode::keep);
  EXPECT_EQ(second.password.literal.reveal(), "with space");
  const AccountSettings& third = read.accounts[2];
  EXPECT_EQ(third.port, 1995);
  EXPECT_EQ(third.mechanism, "scram-sha-256");
  EXPECT_EQ(third.policy.mode, Mode::remove);
  EXPECT_THAT(third.target.arguments, ElementsAre("/bin/sh", "-c", "/usr/bin/procmail -d anna"));
  EXPECT_EQ(third.proxy_host, "127.0.0.1");
  EXPECT_EQ(third.proxy_port, 9050);
}

TEST(Mpoprc, DeletesUnlessItIsToldOtherwise) {
  const auto read = read_mpoprc("account a\nhost h\ntls on\nuser u\n");
  ASSERT_THAT(read.accounts, SizeIs(1));
  EXPECT_EQ(read.accounts[0].policy.mode, Mode::remove);
  EXPECT_EQ(read.accounts[0].tls, TlsMode::stls);
}

TEST(Mpoprc, KeepsForNoLongerThanAnAccountCan) {
  const auto read = read_mpoprc("account a\nhost h\nkeep 900000w\n");
  ASSERT_THAT(read.accounts, SizeIs(1));
  EXPECT_EQ(read.accounts[0].policy.mode, Mode::keep_days);
  EXPECT_EQ(read.accounts[0].policy.keep_days, std::chrono::days(36'500));
}

TEST(Mpoprc, SaysWhatItLeavesOut) {
  const auto read = read_mpoprc(
      "host early\naccount a : none\nhost h\nkeep sometimes\nkillsize 5\nfilter x\ntls_certcheck off\n"
      "delivery exchange dir\nport many\ntls_fingerprint 12\naccount b\n");
  EXPECT_THAT(
      told(read.problems),
      ElementsAre(HasSubstr("1 \"host\" stands before"), HasSubstr("2 there is no account \"none\""),
                  HasSubstr("4 \"sometimes\""), HasSubstr("5 \"killsize\""), HasSubstr("6 \"filter\""),
                  HasSubstr("7 tls_certcheck off"), HasSubstr("8 delivery \"exchange\""), HasSubstr("9 \"many\""),
                  HasSubstr("10 tls_fingerprint"), HasSubstr("account \"a\": without TLS"),
                  HasSubstr("account \"b\": without TLS"), HasSubstr("account \"b\" has no host")));
  ASSERT_THAT(read.accounts, SizeIs(1));
  EXPECT_EQ(read.accounts[0].policy.mode, Mode::keep);
}

TEST(RcImport, CountsNoTimeBackwards) {
  const std::string endless = "18446744073709551615";
  const auto fetchmail = read_fetchmailrc("set daemon " + endless + " poll h proto pop3 user u timeout " + endless);
  const auto mpop = read_mpoprc("account a\nhost h\nuser u\ntimeout " + endless + "\n");
  const auto getmail =
      read_getmailrc("[retriever]\ntype=SimplePOP3Retriever\nserver=h\nusername=u\ntimeout=" + endless + "\n");
  for (const auto* read : {&fetchmail, &mpop, &getmail}) {
    ASSERT_THAT(read->accounts, SizeIs(1));
    EXPECT_GT(read->accounts[0].timeout.value(), std::chrono::hours(24 * 365));
  }
  EXPECT_GT(fetchmail.accounts[0].interval.value(), std::chrono::hours(24 * 365));
}

TEST(RcImport, TakesAnyText) {
  const std::vector<std::string> words{"poll",
                                       "user",
                                       "\"",
                                       "'",
                                       "\\",
                                       "no",
                                       "is",
                                       "here",
                                       "set",
                                       "daemon",
                                       "mda",
                                       "password",
                                       "\n",
                                       "[retriever]",
                                       "type",
                                       "=",
                                       "SimplePOP3SSLRetriever",
                                       "account",
                                       "tls",
                                       ":",
                                       "keep",
                                       "9d",
                                       "[",
                                       "]",
                                       " ",
                                       "defaults",
                                       "(\"",
                                       "\",)",
                                       "host",
                                       "h",
                                       "smtphost",
                                       "\x01\xff",
                                       "folder",
                                       "is",
                                       "delivery"};
  std::mt19937_64 random(11);
  for (int run = 0; run < 4000; ++run) {
    std::string text = run % 3 == 0 ? "[retriever]\ntype=SimplePOP3SSLRetriever\n" : "";
    const std::size_t length = random() % 40;
    for (std::size_t i = 0; i < length; ++i) {
      text += words[random() % words.size()];
      if (random() % 4 != 0) text += random() % 5 == 0 ? "\n" : " ";
    }
    for (const auto& read : {read_fetchmailrc(text), read_getmailrc(text), read_mpoprc(text)}) {
      ASSERT_LE(read.accounts.size(), length + 1);
    }
  }
}

}  // namespace
}  // namespace fermo::fetch
