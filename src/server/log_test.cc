#include "server/log.h"

#include <filesystem>
#include <iterator>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "base/limits.h"
#include "server/log_text.h"

namespace fermo::server {
namespace {

TEST(LogText, KeepsPrintableText) {
  EXPECT_EQ(log_text("ann@example.org (x)"), "ann@example.org (x)");
}

TEST(LogText, EscapesEverythingElse) {
  EXPECT_EQ(log_text(std::string_view("a\r\n\0\x1b\x7f\xc3\xa9", 8)), "a\\x0D\\x0A\\x00\\x1B\\x7F\\xC3\\xA9");
  EXPECT_EQ(log_text("quote\" back\\x41"), "quote\\x22 back\\x5Cx41");
}

TEST(LogText, CutsWhatIsTooLong) {
  const std::string cut = log_text(std::string(10'000, 'a'));
  EXPECT_EQ(cut, std::string(limits::log_text_octets_max, 'a') + "...");
}

TEST(LogLine, QuotesWhereItMust) {
  LogLine line(config::LogFormat::text, "session");
  line.add("user", std::string_view("ann"));
  line.add("tls", std::string_view("TLSv1.3 X"));
  line.add("forged", std::string_view("a=b"));
  line.add("none", std::string_view());
  line.add("octets", std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(line.finish(), "session user=ann tls=\"TLSv1.3 X\" forged=\"a=b\" none=\"\" octets=18446744073709551615");
}

TEST(LogLine, IsAnObjectInJson) {
  LogLine line(config::LogFormat::json, "session");
  line.add("user", std::string_view("\"\x01\\"));
  line.add("octets", std::uint64_t{5});
  EXPECT_EQ(line.finish(), R"({"event":"session","user":"\\x22\\x01\\x5C","octets":5})");
}

TEST(Log, WritesPlainMessagesAndEventsAsJson) {
  config::Config config;
  config.log_format = config::LogFormat::json;
  testing::internal::CaptureStderr();
  {
    const auto log = make_log(config);
    log->info("a \"message\" on\ntwo lines");
    log->warn("{}", R"({"event":"session","octets":5})");
    log->debug("too fine");
    log->flush();
  }
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find(R"(,"level":"info","message":"a \"message\" on\u000atwo lines"})"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(,"level":"warning","event":"session","octets":5})"), std::string::npos) << text;
  EXPECT_EQ(text.find("too fine"), std::string::npos);
}

TEST(Log, CutsLinesThatAPipeWouldNotTakeWhole) {
  for (const auto format : {config::LogFormat::text, config::LogFormat::json}) {
    config::Config config;
    config.log_format = format;
    testing::internal::CaptureStderr();
    make_log(config)->info(std::string(2 * limits::log_line_octets_max, '\x01'));
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_LE(text.size(), limits::log_line_octets_max);
    EXPECT_GT(text.size(), limits::log_line_octets_max / 2);
    EXPECT_TRUE(text.ends_with(format == config::LogFormat::json ? "...\"}\n" : "...\n"))
        << text.substr(text.size() - 20);
  }
}

std::size_t threads_of_this_process() {
  const auto tasks = std::filesystem::directory_iterator("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST(Log, OneThatWaitsHasNoThreadAndLosesNothing) {
  for (const bool begins : {true, false}) {
    testing::internal::CaptureStderr();
    {
      const std::size_t before = threads_of_this_process();
      const auto log = make_waiting_log(config::Config());
      log->info("said before");
      log->flush();
      EXPECT_EQ(threads_of_this_process(), before);
      if (begins) begin_log(*log);
      if (begins) log->info("said after");
    }
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("said before\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("said after\n") > text.find("said before\n"), true) << text;
  }
}

TEST(Log, ChangesItsLevel) {
  const auto log = make_log(config::Config());
  set_log_level(*log, "debug");
  EXPECT_EQ(log->level(), spdlog::level::debug);
  set_log_level(*log, "nonsense");
  EXPECT_EQ(log->level(), spdlog::level::debug);
}

}  // namespace
}  // namespace fermo::server
