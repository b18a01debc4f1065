#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "mail/dot_codec.h"
#include "smtp/session_harness.h"

// Dialogues made up from a seed, under the rules that SessionHarness checks at each step; and every way to end mail
// data that some server has ever taken for the end.
namespace fermo::smtp {
namespace {

SessionHarness::Choose chooser(std::uint64_t seed) {
  return [random = std::mt19937_64(seed)](std::uint64_t bound) mutable { return random() % bound; };
}

SessionHarness::Choose always_good() {
  return [](std::uint64_t bound) { return bound - 1; };
}

ServerSettings settings() {
  ServerSettings settings;
  settings.host_name = "mx.example.org";
  settings.message_octets_max = 100'000;
  settings.recipients_max = 4;
  return settings;
}

class Writer {
 public:
  explicit Writer(std::uint64_t seed) : random_(seed) {}

  std::string dialogue() {
    std::string text = chance(9) ? "LHLO client.example\r\n" : "";
    for (auto turns = random_() % 12; turns > 0; --turns) text += turn();
    return text;
  }

 private:
  bool chance(unsigned in_ten) { return random_() % 10 < in_ten; }

  template <std::size_t n>
  std::string any_of(const std::array<const char*, n>& choices) {
    return choices[random_() % n];
  }

  std::string turn() {
    if (chance(2)) return oddity();
    std::string text =
        any_of<3>({"MAIL FROM:<>\r\n", "MAIL FROM:<s@b.example> SIZE=100\r\n", "mail from:<s@b.example>\r\n"});
    for (auto recipients = random_() % 6; recipients > 0; --recipients) {
      text += "RCPT TO:<r" + std::to_string(random_() % 5) + "@example.org>\r\n";
    }
    if (chance(2)) text += oddity();
    return text + (chance(5) ? data() : chunks());
  }

  std::string oddity() {
    return any_of<16>({"RSET\r\n", "NOOP\r\n", "LHLO again.example\r\n", "RCPT TO:<>\r\n", "DATA\r\n",
                       "BDAT 6\r\nRSET\r\n", "BDAT 0 LAST\r\n", "BDAT 6 FIRST\r\nQUIT\r\n", "VRFY x\r\n",
                       "MAIL FROM:<x> X=1\r\n", "EHLO x\r\n", "NOOP\n", "\r\n", ".\r\n", "QUIT\r\n", "BDAT -1\r\n"});
  }

  /// Its lines stay below limits::smtp_endless_line_octets: one that is taken for a command and never ends is judged by
  /// what has arrived, so there a cut makes a difference.
  std::string content() {
    std::string text;
    for (auto lines = random_() % 8; lines > 0; --lines) {
      text.append(random_() % 3, '.');
      text.append(random_() % (random_() % 25 == 0 ? 60'000 : 80), 'x');
      text += chance(9) ? "\r\n" : any_of<6>({"\n", "\r", "\r\r\n", "\n.\n", "\n.\r\n", "\r\n\r\n"});
    }
    return text;
  }

  std::string data() {
    std::string text = content();
    if (!text.empty() && !text.ends_with("\r\n")) text += "\r\n";
    return "DATA\r\n" + mail::dot_stuffed(text) + ".\r\n";
  }

  std::string chunks() {
    std::string text;
    for (auto left = random_() % 4; left > 0; --left) text += chunk("");
    return text + chunk(chance(9) ? " LAST" : "");
  }

  std::string chunk(const std::string& last) {
    const std::string text = content();
    return "BDAT " + std::to_string(text.size()) + last + "\r\n" + text;
  }

  std::mt19937_64 random_;
};

TEST(RandomDialogues, KeepTheRulesAndDoNotDependOnTheCuts) {
  std::size_t stored = 0;
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    SCOPED_TRACE(seed);
    const std::string dialogue = Writer(seed).dialogue();
    SessionHarness whole(settings(), chooser(seed));
    whole.receive(dialogue);
    SessionHarness octets(settings(), chooser(seed));
    octets.receive_octet_by_octet(dialogue);
    SessionHarness pieces(settings(), chooser(seed));
    std::mt19937_64 random(seed);
    for (std::size_t at = 0; at < dialogue.size();) {
      const std::size_t size = 1 + random() % 3000;
      pieces.receive(std::string_view(dialogue).substr(at, size));
      at += size;
    }
    for (SessionHarness* session : {&whole, &octets, &pieces}) session->end_of_input();
    ASSERT_EQ(octets.trace(), whole.trace());
    ASSERT_EQ(pieces.trace(), whole.trace());
    stored += whole.stored().size();
  }
  EXPECT_GT(stored, 100U);
}

TEST(RandomDialogues, EndWellWhereverTheyAreCutOff) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    const std::string dialogue = Writer(seed).dialogue();
    const auto cut_off = std::string_view(dialogue).substr(0, seed * 7919 % (dialogue.size() + 1));
    for (const auto end : {&SessionHarness::end_of_input, &SessionHarness::expire, &SessionHarness::shut_down}) {
      SessionHarness session(settings(), chooser(seed));
      session.receive(cut_off);
      (session.*end)();
      session.end_of_input();
      EXPECT_TRUE(session.closed());
    }
  }
}

// --- Smuggling -------------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 5> parts = {"\r", "\n", ".", "\r\n", "a"};

/// Every sequence of up to `parts_max` parts that holds a dot.
std::vector<std::string> sequences_with_a_dot(std::size_t parts_max) {
  std::vector<std::string> all;
  std::vector<std::string> longest = {""};
  for (std::size_t n = 1; n <= parts_max; ++n) {
    std::vector<std::string> longer;
    for (const auto& sequence : longest) {
      for (const auto part : parts) longer.push_back(sequence + std::string(part));
    }
    for (const auto& sequence : longer) {
      if (sequence.find('.') != std::string::npos) all.push_back(sequence);
    }
    longest = std::move(longer);
  }
  return all;
}

const std::string envelope = "LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\n";
const std::string smuggled = "MAIL FROM:<evil@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nevil\r\n.\r\n";

std::size_t count_of(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

TEST(Smuggling, NothingButCrlfDotCrlfEndsMailData) {
  std::size_t tried = 0;
  for (const auto& sequence : sequences_with_a_dot(6)) {
    const std::string content = "hello" + sequence;
    if ((content + smuggled).find("\r\n.\r\n") != content.size() + smuggled.size() - 5) continue;
    ++tried;
    SessionHarness session(settings(), always_good());
    session.receive(envelope + "DATA\r\n" + content + smuggled);
    session.receive("NOOP\r\n");
    ASSERT_EQ(count_of(session.trace(), "<resolve"), 1U) << ::testing::PrintToString(sequence);
    ASSERT_LE(session.stored().size(), 1U);
    ASSERT_TRUE(session.trace().ends_with("250 2.0.0 OK\r\n")) << ::testing::PrintToString(sequence);
  }
  EXPECT_GT(tried, 5'000U);
}

TEST(Smuggling, NoBareLineEndIsStoredInAnyPlace) {
  for (const auto& sequence : sequences_with_a_dot(4)) {
    const std::string content = "hello" + sequence + "\r\n";
    bool bare = false;
    for (std::size_t i = 0; i < content.size(); ++i) {
      bare = bare || (content[i] == '\n' && content[i - 1] != '\r') || (content[i] == '\r' && content[i + 1] != '\n');
    }
    SessionHarness by_data(settings(), always_good());
    by_data.receive(envelope + "DATA\r\n" + mail::dot_stuffed(content) + ".\r\n");
    SessionHarness by_chunk(settings(), always_good());
    by_chunk.receive(envelope + "BDAT " + std::to_string(content.size()) + " LAST\r\n" + content);
    for (const auto* session : {&by_data, &by_chunk}) {
      ASSERT_EQ(session->stored().empty(), bare) << ::testing::PrintToString(sequence);
      ASSERT_EQ(session->trace().find("550 5.6.11") != std::string::npos, bare);
    }
  }
}

}  // namespace
}  // namespace fermo::smtp
