#include "server/log_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/descriptor.h"

namespace fermo::server {
namespace {

using namespace std::chrono_literals;

constexpr auto guard_time = 60s;

std::string notice(std::size_t lines, int error) {
  return "lost " + std::to_string(lines) + " error " + std::to_string(error) + "\n";
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
  }
  Descriptor read, write;
};

/// Until no octet more fits.
void fill(const Descriptor& pipe) {
  const int flags = ::fcntl(pipe.get(), F_GETFL);
  ::fcntl(pipe.get(), F_SETFL, flags | O_NONBLOCK);
  while (::write(pipe.get(), "x", 1) == 1) {
  }
  ::fcntl(pipe.get(), F_SETFL, flags);
}

/// As many lines as it takes until one matches.
std::vector<std::string> lines_until(const Descriptor& from, const std::string& last) {
  std::vector<std::string> lines(1);
  for (char c = 0; ::read(from.get(), &c, 1) == 1;) {
    if (c != '\n') {
      lines.back() += c;
    } else if (lines.back() == last) {
      break;
    } else {
      lines.emplace_back();
    }
  }
  return lines;
}

TEST(LogWriter, WritesLinesInTheirOrder) {
  const Pipe pipe;
  {
    LogWriter writer(pipe.write.get(), 1000, notice);
    for (const char* line : {"one\n", "two\n", "three\n"}) writer.put(line);
  }
  EXPECT_EQ(lines_until(pipe.read, "three"), (std::vector<std::string>{"one", "two", "three"}));
}

TEST(LogWriter, NobodyWaitsForAFullPipeAndWhatWasLostIsCounted) {
  const Pipe pipe;
  fill(pipe.write);
  LogWriter writer(pipe.write.get(), 40, notice);
  for (int line = 10; line < 30; ++line) writer.put("line " + std::to_string(line) + "\n");  // five fit
  EXPECT_FALSE(writer.flush(0s));
  const auto lines = lines_until(pipe.read, "lost 15 error 0");
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_TRUE(lines.front().ends_with("xline 10")) << lines.front().substr(lines.front().size() - 20);
  EXPECT_EQ(lines[4], "line 14");
  EXPECT_TRUE(writer.flush(guard_time));
  writer.put("goes on\n");
  EXPECT_EQ(lines_until(pipe.read, "goes on"), std::vector<std::string>{"goes on"});
}

TEST(LogWriter, EndsThoughNobodyReads) {
  const Pipe pipe;
  fill(pipe.write);
  LogWriter(pipe.write.get(), 1000, notice).put("\nread too late\n");
  EXPECT_EQ(lines_until(pipe.read, "read too late").back(), "read too late");  // or its thread would outlive the pipe
}

TEST(LogWriter, LeavesTheFlagsOfTheDescriptorToTheirOwners) {
  const Pipe pipe;
  const int before = ::fcntl(pipe.write.get(), F_GETFL);
  LogWriter writer(pipe.write.get(), 1000, notice);
  writer.put("line\n");
  EXPECT_TRUE(writer.flush(guard_time));
  EXPECT_EQ(::fcntl(pipe.write.get(), F_GETFL), before);
}

TEST(LogWriter, WaitsWhereOthersHaveMadeTheDescriptorNotBlock) {
  const Pipe pipe;
  fill(pipe.write);
  ::fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK);
  LogWriter writer(pipe.write.get(), 1000, notice);
  writer.put("\n");
  writer.put("after all\n");
  EXPECT_EQ(lines_until(pipe.read, "after all").back(), "after all");
}

TEST(LogWriter, WhatCannotBeWrittenIsToldWithTheReasonOnceItCan) {
  Pipe gone;
  std::signal(SIGPIPE, SIG_IGN);
  const Descriptor target(::dup(gone.write.get()));
  gone.read = Descriptor();
  LogWriter writer(target.get(), 1000, notice);
  writer.put("nobody is there\n");
  EXPECT_TRUE(writer.flush(guard_time));  // and does not try for ever
  const Pipe next;
  ASSERT_EQ(::dup2(next.write.get(), target.get()), target.get());
  writer.put("somebody is there\n");
  EXPECT_EQ(lines_until(next.read, "lost 1 error " + std::to_string(EPIPE)).front(), "somebody is there");
}

}  // namespace
}  // namespace fermo::server
