#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/keys.h"

namespace fermo::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// As the operator sees them.
std::vector<std::string> problems_in(std::string_view toml) {
  std::vector<std::string> texts;
  for (const auto& problem : parse(toml).problems) texts.push_back(problem.text("fermo.toml"));
  return texts;
}

Config parsed(std::string_view toml) {
  auto result = parse(toml);
  EXPECT_THAT(problems_in(toml), IsEmpty());
  return result.config;
}

TEST(Parse, AnEmptyTextIsTheDefaultConfiguration) {
  EXPECT_EQ(parsed(""), Config());
}

TEST(Parse, EveryKeyEndsUpInItsPlace) {
  const Config config = parsed(R"(
data = "/srv/fermo"
users = "/etc/fermo/users"
host_name = "mail.example.org"
listen = ["pop3s=*:995", "lmtp=unix:/run/fermo/lmtp"]
plaintext_logins = true
protection = "required"
[tls]
certificate = "/c.pem"
key = "/k.pem"
[lmtp]
networks = ["192.0.2.0/24", "2001:db8::7"]
[limits]
message_octets_max = 1000000
recipients_max = 200
free_octets_min = 1000
connections_max = 20
connections_per_address_max = 10
autologout_seconds = 1200
login_seconds_max = 30
drain_seconds_max = 0
[threads]
protocol = 1
store = 2
hash = 3
[log]
level = "debug"
format = "json"
)");
  EXPECT_EQ(config.data, "/srv/fermo");
  EXPECT_EQ(config.users, "/etc/fermo/users");
  EXPECT_EQ(config.host_name, "mail.example.org");
  ASSERT_EQ(config.listen.size(), 2U);
  EXPECT_EQ(config.listen[0].text(), "pop3s=*:995");
  EXPECT_EQ(config.listen[1].text(), "lmtp=unix:/run/fermo/lmtp");
  EXPECT_TRUE(config.plaintext_logins);
  EXPECT_EQ(config.protection, Protection::required);
  EXPECT_EQ(config.tls.certificate, "/c.pem");
  EXPECT_EQ(config.tls.key, "/k.pem");
  EXPECT_THAT(config.lmtp_networks, ElementsAre("192.0.2.0/24", "2001:db8::7"));
  EXPECT_EQ(config.message_octets_max, 1'000'000U);
  EXPECT_EQ(config.recipients_max, 200U);
  EXPECT_EQ(config.free_octets_min, 1000U);
  EXPECT_EQ(config.connections_max, 20U);
  EXPECT_EQ(config.connections_per_address_max, 10U);
  EXPECT_EQ(config.autologout, std::chrono::minutes(20));
  EXPECT_EQ(config.login_time_max, std::chrono::seconds(30));
  EXPECT_EQ(config.drain_time_max, std::chrono::seconds(0));
  EXPECT_EQ(config.threads, 1U);
  EXPECT_EQ(config.store_threads, 2U);
  EXPECT_EQ(config.hash_threads, 3U);
  EXPECT_EQ(config.log_level, "debug");
  EXPECT_EQ(config.log_format, LogFormat::json);
}

TEST(Parse, EveryProblemIsReportedAtItsLineInTheOrderOfLines) {
  EXPECT_THAT(
      problems_in("dta = \"x\"\n"
                  "plaintext_logins = \"yes\"\n"
                  "listen = [\n"
                  "  \"pop3=127.0.0.1:1110\",\n"
                  "  \"pop4=127.0.0.1:1110\",\n"
                  "  7,\n"
                  "]\n"
                  "[limits]\n"
                  "autologout_seconds = 60\n"
                  "[log]\n"
                  "level = \"loud\"\n"),
      ElementsAre("fermo.toml:1: unknown key \"dta\"; did you mean data?",
                  "fermo.toml:2: plaintext_logins is a string; it must be true or false",
                  "fermo.toml:5: listen \"pop4=127.0.0.1:1110\": \"pop4\" is not a protocol; it must be pop3, "
                  "pop3s or lmtp",
                  "fermo.toml:6: an element of listen is an integer; it must be a string",
                  "fermo.toml:9: limits.autologout_seconds is 60; it must be from 600 to 86400 (RFC 1939 §3)",
                  "fermo.toml:11: log.level is \"loud\"; it must be \"trace\", \"debug\", \"info\", \"warning\" "
                  "or \"error\""));
}

TEST(Parse, AKeyInTheWrongTableFindsItsPlace) {
  EXPECT_THAT(problems_in("autologout_seconds = 600"),
              ElementsAre("fermo.toml:1: unknown key \"autologout_seconds\"; did you mean limits.autologout_seconds?"));
  EXPECT_THAT(problems_in("[limit]\nrecipient_max = 600"),
              ElementsAre("fermo.toml:2: unknown key \"limit.recipient_max\"; did you mean limits.recipients_max?"));
  EXPECT_THAT(problems_in("[server]\nbackground_colour = 1"), ElementsAre(HasSubstr("see docs/configuration.md")));
}

TEST(Parse, TablesAndValuesAreNotTakenForEachOther) {
  EXPECT_THAT(problems_in("tls = 5"), ElementsAre("fermo.toml:1: tls is an integer; it must be a table, [tls]"));
  EXPECT_THAT(problems_in("[data]"), ElementsAre("fermo.toml:1: data is a table; it must be a string"));
  EXPECT_THAT(problems_in("[data]\nx = 1"), ElementsAre(HasSubstr("unknown key \"data.x\"")));
  EXPECT_THAT(problems_in("[[listen]]\nport = 1"),
              ElementsAre("fermo.toml:1: an element of listen is a table; it must be a string"));
  EXPECT_THAT(problems_in("[tls]\n[limits]\n"), IsEmpty());
  EXPECT_THAT(problems_in("[nothing]"), ElementsAre(HasSubstr("unknown key \"nothing\"")));
}

TEST(Parse, WrongTypesNameTheRightOne) {
  EXPECT_THAT(problems_in("data = 1"), ElementsAre(HasSubstr("data is an integer; it must be a string")));
  EXPECT_THAT(problems_in("data = 2024-01-01"), ElementsAre(HasSubstr("data is a date or time")));
  EXPECT_THAT(problems_in("listen = \"pop3=*:110\""), ElementsAre(HasSubstr("it must be an array of strings")));
  EXPECT_THAT(problems_in("limits.recipients_max = \"200\""),
              ElementsAre(HasSubstr("is a string; it must be an integer")));
  EXPECT_THAT(problems_in("limits.recipients_max = 2e2"), ElementsAre(HasSubstr("is a float")));
  EXPECT_THAT(problems_in("log.format = true"), ElementsAre(HasSubstr("is a boolean")));
}

TEST(Parse, EmptyValuesAreNotTakenForDefaults) {
  for (const char* text : {"data = \"\"", "users = \"\"", "host_name = \"\"", "listen = []", "tls.key = \"\"",
                           "lmtp.networks = []", "log.level = \"\""}) {
    EXPECT_THAT(problems_in(text), ElementsAre(HasSubstr("is empty; leave it out"))) << text;
  }
}

TEST(Parse, NumbersStayWithinTheirRange) {
  struct Case {
    const char* key;
    std::int64_t lowest;
    std::int64_t highest;
  };
  for (const auto& [key, lowest, highest] :
       {Case{"limits.message_octets_max", 65536, 2147483647}, Case{"limits.recipients_max", 100, 3000},
        Case{"limits.free_octets_min", 0, std::int64_t{1} << 50},
        Case{"limits.connections_max", 1, 1000000}, Case{"limits.connections_per_address_max", 1, 1000000},
        Case{"limits.autologout_seconds", 600, 86400}, Case{"limits.login_seconds_max", 1, 600},
        Case{"limits.drain_seconds_max", 0, 3600}, Case{"threads.protocol", 0, 1024}, Case{"threads.store", 0, 1024},
        Case{"threads.hash", 0, 1024}}) {
    const auto with = [&](std::int64_t number) { return std::string(key) + " = " + std::to_string(number); };
    EXPECT_THAT(problems_in(with(lowest)), IsEmpty());
    EXPECT_THAT(problems_in(with(highest)), IsEmpty());
    for (const std::int64_t wrong : {lowest - 1, highest + 1, std::int64_t{-1}, INT64_MIN, INT64_MAX}) {
      EXPECT_THAT(problems_in(with(wrong)), ElementsAre(HasSubstr(std::string(key) + " is " + std::to_string(wrong))));
    }
  }
}

TEST(Parse, AutologoutUnderTenMinutesIsRefusedWithTheReason) {
  EXPECT_THAT(problems_in("[limits]\nautologout_seconds = 599"), ElementsAre(HasSubstr("RFC 1939 §3")));
}

TEST(Parse, AHostNameThatCouldReachIntoAGreetingIsRefused) {
  for (const char* name : {"a b", "a\\r\\nb", "-a", "a-", "a..b", ".a", "a.", "<a>", "b\\u00FCcher", "a_b"}) {
    EXPECT_THAT(problems_in("host_name = \"" + std::string(name) + "\""), ElementsAre(HasSubstr("host_name is")))
        << name;
  }
  EXPECT_THAT(problems_in("host_name = \"" + std::string(64, 'a') + "\""), ElementsAre(HasSubstr("host_name is")));
  EXPECT_THAT(problems_in("host_name = \"3com.xn--bcher-kva.example\""), IsEmpty());
}

TEST(Parse, WhatIsNotTomlIsOneProblemAtItsLine) {
  EXPECT_THAT(problems_in("data = \"x\"\nlisten = [\n"), ElementsAre(testing::StartsWith("fermo.toml:2: not TOML: ")));
  EXPECT_THAT(problems_in("data = \"x\"\ndata = \"y\""), ElementsAre(testing::StartsWith("fermo.toml:2: not TOML: ")));
  EXPECT_THAT(problems_in("\ndata"), ElementsAre(testing::StartsWith("fermo.toml:2: not TOML: ")));
  EXPECT_THAT(problems_in("[?]"), ElementsAre(testing::StartsWith("fermo.toml:1: not TOML: ")));
  EXPECT_THAT(problems_in("[\x1F_]"), ElementsAre(testing::StartsWith("fermo.toml:1: not TOML: ")));
  EXPECT_THAT(problems_in("a = \"\xFF\""), ElementsAre(testing::StartsWith("fermo.toml:1: not TOML: ")));
}

TEST(Parse, ListenersThatCollideAreReportedAtTheLaterOne) {
  EXPECT_THAT(
      problems_in("listen = [\n\"pop3=*:110\",\n\"pop3s=*:995\",\n\"pop3=[::1]:110\"]"),
      ElementsAre("fermo.toml:4: listen \"pop3=[::1]:110\" is on the same address as \"pop3=*:110\"; take one of "
                  "them away"));
  for (const char* pair :
       {R"("pop3=127.0.0.1:110", "pop3=127.0.0.1:110")", R"("pop3=127.0.0.1:110", "pop3s=127.0.0.1:110")",
        R"("pop3=0.0.0.0:110", "pop3=127.0.0.1:110")", R"("pop3=[::]:110", "pop3=[2001:db8::1]:110")",
        R"("pop3=[0:0:0::1]:110", "pop3=[::1]:110")", R"("pop3=127.0.0.1:110", "pop3=*:110")",
        R"("lmtp=unix:/run/a", "lmtp=unix:/run/./a")"}) {
    EXPECT_THAT(problems_in("listen = [" + std::string(pair) + "]"), ElementsAre(HasSubstr("same address"))) << pair;
  }
  for (const char* pair : {R"("pop3=127.0.0.1:110", "pop3=127.0.0.1:111")", R"("pop3=127.0.0.1:0", "pop3=127.0.0.1:0")",
                           R"("pop3=0.0.0.0:110", "pop3=[::]:110")", R"("pop3=127.0.0.1:110", "pop3=[::1]:110")",
                           R"("lmtp=unix:/run/a", "lmtp=unix:/run/b")", R"("lmtp=unix:/run/a", "lmtp=127.0.0.1:0")"}) {
    EXPECT_THAT(problems_in("listen = [" + std::string(pair) + "]"), IsEmpty()) << pair;
  }
}

TEST(Parse, LmtpBeyondLoopbackNeedsNetworks) {
  for (const char* listen : {"lmtp=*:24", "lmtp=192.0.2.1:24", "lmtp=[::]:24", "lmtp=0.0.0.0:24"}) {
    const std::string text = "listen = [\"" + std::string(listen) + "\"]\n";
    EXPECT_THAT(problems_in(text), ElementsAre(HasSubstr("lmtp.networks"))) << listen;
    EXPECT_THAT(problems_in(text + "[lmtp]\nnetworks = [\"127.0.0.0/8\"]"), ElementsAre(HasSubstr("lmtp.networks")));
    EXPECT_THAT(problems_in(text + "[lmtp]\nnetworks = [\"10.0.0.0/8\"]"), IsEmpty());
  }
  for (const char* listen :
       {"lmtp=127.0.0.1:24", "lmtp=127.9.9.9:24", "lmtp=[::1]:24", "lmtp=unix:/run/l", "pop3=*:110"}) {
    EXPECT_THAT(problems_in("listen = [\"" + std::string(listen) + "\"]"), IsEmpty()) << listen;
  }
}

// Until the networks are right, nobody can say that there are none.
TEST(Parse, AWrongNetworkIsNotReportedTwice) {
  EXPECT_THAT(problems_in("listen = [\"lmtp=*:24\"]\nlmtp.networks = [\"10.0.0.0/33\"]"),
              ElementsAre(HasSubstr("\"10.0.0.0/33\" is not a network")));
}

TEST(Parse, ACertificateNeedsItsKeyAndTheOtherWayRound) {
  EXPECT_THAT(problems_in("\n[tls]\ncertificate = \"c\""),
              ElementsAre("fermo.toml:3: tls.certificate needs its tls.key"));
  EXPECT_THAT(problems_in("tls.key = \"k\""), ElementsAre("fermo.toml:1: tls.key needs its tls.certificate"));
}

TEST(Parse, NoProblemHoldsAControlCharacter) {
  for (const char* text : {"\"a\\u001B[31m\" = 1", "host_name = \"\\u001B[31m\"", "listen = [\"\\u0007=\\n:x\"]",
                           "log.level = \"\\u009B31m\"", "\x1B", "a = \x1B[31m", "lmtp.networks = [\"\\r\\n\"]"}) {
    const auto problems = problems_in(text);
    ASSERT_EQ(problems.size(), 1U) << text;
    for (const char c : problems.front()) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) << text;
    EXPECT_EQ(problems.front().find("\xC2\x9B"), std::string::npos);
  }
}

TEST(Parse, DeepNestingAndHugeTextsAreProblemsAndNothingWorse) {
  std::string dots = "a";
  for (int i = 0; i < 100'000; ++i) dots += ".a";
  EXPECT_THAT(problems_in(dots + " = 1"), ElementsAre("fermo.toml:1: a key with too many dots"));
  EXPECT_THAT(problems_in("[" + dots + "]"), ElementsAre(HasSubstr("too many dots")));
  EXPECT_THAT(problems_in("listen = " + std::string(100'000, '[')), ElementsAre(HasSubstr("not TOML")));
  EXPECT_THAT(problems_in(std::string(300'000, '#')), ElementsAre("fermo.toml: longer than 262144 octets"));
}

TEST(Parse, DotsInStringsAndCommentsAreNoKeys) {
  const std::string dots(100, '.');
  EXPECT_THAT(problems_in("data = \"" + dots + "\" # " + dots), IsEmpty());
  EXPECT_THAT(problems_in("data = '" + dots + "'"), IsEmpty());
  EXPECT_THAT(problems_in("data = \"\\\"" + dots + "\""), IsEmpty());
}

TEST(Parse, StringsOverSeveralLinesAreRefused) {
  EXPECT_THAT(problems_in("\ndata = \"\"\"a\nb\"\"\""),
              ElementsAre("fermo.toml:2: a string in three quotes; write it in one line"));
  EXPECT_THAT(problems_in("data = '''a'''"), ElementsAre(HasSubstr("three quotes")));
  EXPECT_THAT(problems_in("data = \"'''\" # \"\"\""), IsEmpty());
}

TEST(Parse, OctetsBeyondAsciiBelongInStringsAndComments) {
  EXPECT_EQ(parsed("\xEF\xBB\xBF"
                   "data = \"J\xC3\xBCrg\" # \xC3\xBC")
                .data,
            "J\xC3\xBCrg");
  EXPECT_EQ(parsed("data = 'J\xC3\xBCrg'").data, "J\xC3\xBCrg");
  for (const char* text : {"\xC3\xBC = 1", "data\xC2\xA0= \"x\"", "data = \"x\"\xE2\x80\x83", "\xEF\xBA\xBF or",
                           "[\xE1\x9A\x80]", "data = 1\xCD\x95", "data = 1'\xCD\x95'"}) {
    EXPECT_THAT(problems_in(text), ElementsAre(StartsWith("fermo.toml:1: not TOML: "))) << text;
  }
}

/// Texts near to a configuration, made by damage to one.
class Damage {
 public:
  explicit Damage(std::uint64_t seed) : random_(seed) {}

  std::string text() {
    std::string text = describe(Config());
    for (std::size_t n = random_() % 8; n > 0; --n) strike(text);
    return text;
  }
  std::string noise() {
    constexpr std::string_view alphabet = "abl=[]{}\"'.,#\n\r\t \\u0x-+_:T1e\xFF\xC3\xBC";
    std::string text;
    for (std::size_t n = random_() % 200; n > 0; --n) text += alphabet[random_() % alphabet.size()];
    return text;
  }

 private:
  void strike(std::string& text) {
    const std::size_t at = random_() % text.size();
    switch (random_() % 5) {
      case 0:
        text[at] = static_cast<char>(random_() % 256);
        break;
      case 1:
        text.erase(at, random_() % 40);
        break;
      case 2:
        text.insert(at, noise());
        break;
      case 3:
        text.insert(at, text.substr(random_() % text.size(), random_() % 200));
        break;
      default:
        std::erase(text, '#');
        break;
    }
    if (text.empty()) text = "\n";
  }

  std::mt19937_64 random_;
};

TEST(Parse, DamagedTextsNeverThrowAndHaveProblemsWithTrueLines) {
  Damage damage(1939);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = i % 3 == 0 ? damage.noise() : damage.text();
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    const Parsed result = parse(text);
    for (const auto& problem : result.problems) {
      EXPECT_FALSE(problem.message.empty());
      if (problem.line) {
        EXPECT_TRUE(*problem.line >= 1 && *problem.line <= lines + 1) << *problem.line << "\n" << text;
      }
    }
    if (result.problems.empty()) {
      EXPECT_EQ(parse(describe(result.config)).config, result.config) << text;
    }
  }
}

}  // namespace
}  // namespace fermo::config
