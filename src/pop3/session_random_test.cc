#include <gtest/gtest.h>

#include <random>

#include "pop3/session_harness.h"

/// Random commands, sense and nonsense, with everything failing now and then: the rules of SessionHarness hold, and
/// nothing depends on how the input was cut.
namespace fermo::pop3 {
namespace {

std::string random_line(std::mt19937_64& random) {
  static const std::vector<std::string> lines = {"USER mrose",
                                                 "PASS secret",
                                                 "PASS a b",
                                                 "AUTH",
                                                 "AUTH PLAIN",
                                                 "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
                                                 "AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
                                                 "*",
                                                 "STLS",
                                                 "CAPA",
                                                 "STAT",
                                                 "LIST",
                                                 "LIST 1",
                                                 "LIST 600",
                                                 "UIDL",
                                                 "UIDL 2",
                                                 "RETR 1",
                                                 "RETR 99999999999999999999",
                                                 "TOP 1 0",
                                                 "TOP 2 99999999",
                                                 "TOP 1",
                                                 "DELE 1",
                                                 "DELE 2",
                                                 "DELE 3",
                                                 "RSET",
                                                 "NOOP",
                                                 "QUIT",
                                                 "quit ",
                                                 "QUIT now",
                                                 "",
                                                 " ",
                                                 "GET / HTTP/1.1"};
  const auto below = [&random](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  switch (below(120)) {
    case 0:
      return std::string(below(3000), 'A') + "\r\n";
    case 1:
      return std::string(below(20000), ' ') + "QUIT\r\n";
    case 2:
      return std::string("PASS a\0b\r\n", 10);
    case 3:
      return lines[below(lines.size())] + "\n";
    // Into the heart of a session more often than not.
    case 4:
    case 5:
    case 6:
    case 7:
      return "USER mrose\r\nPASS secret\r\n";
    default:
      return lines[below(lines.size())] + "\r\n";
  }
}

/// The outcomes of one run; a second run of the same seed gets the same ones.
SessionHarness::Choose outcomes(std::uint64_t seed) {
  return [random = std::mt19937_64(seed)](std::uint64_t bound) mutable {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random);
  };
}

TEST(RandomSession, KeepsItsRulesWhateverIsSaidAndWhateverFails) {
  int committed = 0;
  int started_tls = 0;
  for (std::uint64_t seed = 1; seed <= 3000 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    ServerSettings settings;
    settings.tls_available = random() % 2 == 0;
    settings.plaintext_logins = random() % 4 != 0;
    std::string input;
    for (int i = 0; i < 30; ++i) input += random_line(random);

    SessionHarness slow(settings, false, outcomes(seed));
    slow.receive_octet_by_octet(input);
    SessionHarness fast(settings, false, outcomes(seed));
    for (std::size_t at = 0; at < input.size();) {
      const std::size_t piece = 1 + random() % 200;
      fast.receive(std::string_view(input).substr(at, piece));
      at += piece;
    }
    slow.end_of_input();
    fast.end_of_input();
    // A cut decides whether what follows STLS came in the clear, and nothing else.
    committed += slow.committed() ? 1 : 0;
    started_tls += slow.started_tls() ? 1 : 0;
    if (slow.started_tls()) continue;
    EXPECT_EQ(slow.trace(), fast.trace());
  }
  EXPECT_GT(committed, 100);
  EXPECT_GT(started_tls, 100);
}

}  // namespace
}  // namespace fermo::pop3
