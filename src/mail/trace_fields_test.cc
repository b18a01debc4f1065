#include "mail/trace_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"

namespace fermo::mail {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Trace ordinary() {
  return {.reverse_path = Address{"bert", "sender.example"},
          .recipient = {"anna", "example.org"},
          .helo = "mx.sender.example",
          .peer = "192.0.2.7",
          .by = "mail.example.org",
          .protocol = "LMTPS",
          .id = "00060a24.1",
          .received_at = Timestamp(1'700'000'000s)};
}

/// The lines, without their CRLF; fails when a line ends in anything else.
std::vector<std::string> lines_of(const std::string& fields) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < fields.size();) {
    const std::size_t end = fields.find("\r\n", at);
    if (end == std::string::npos) {
      ADD_FAILURE() << "no CRLF at the end";
      break;
    }
    lines.push_back(fields.substr(at, end - at));
    at = end + 2;
  }
  return lines;
}

/// Each field on one line again.
std::string unfolded(std::string fields) {
  for (std::size_t at = 0; (at = fields.find("\r\n\t", at)) != std::string::npos;) fields.replace(at, 3, " ");
  return fields;
}

std::string date_of(Timestamp received_at) {
  Trace trace = ordinary();
  trace.received_at = received_at;
  const std::string fields = unfolded(trace_fields(trace));
  return fields.substr(fields.rfind(';') + 2);
}

TEST(TraceFields, TellWhoSentToWhomThroughWhom) {
  EXPECT_EQ(trace_fields(ordinary()),
            "Return-Path: <bert@sender.example>\r\n"
            "Delivered-To: anna@example.org\r\n"
            "Received: from mx.sender.example ([192.0.2.7]) by mail.example.org with LMTPS\r\n"
            "\tid 00060a24.1 for <anna@example.org>; Tue, 14 Nov 2023 22:13:20 +0000\r\n");
}

TEST(TraceFields, ShowTheNullReversePath) {
  Trace trace = ordinary();
  trace.reverse_path.reset();
  EXPECT_THAT(trace_fields(trace), StartsWith("Return-Path: <>\r\n"));
}

TEST(TraceFields, LeaveOutWhatIsNotKnownOfThePeer) {
  Trace trace = ordinary();
  trace.helo = "";
  EXPECT_THAT(trace_fields(trace), HasSubstr("Received: from [192.0.2.7] ([192.0.2.7]) by"));
  trace.peer = "";
  EXPECT_THAT(trace_fields(trace), HasSubstr("Received: by mail.example.org with"));
  trace.helo = "client";
  EXPECT_THAT(trace_fields(trace), HasSubstr("Received: from client by mail.example.org"));
}

TEST(TraceFields, WriteAnIpv6AddressAsRfc5321Does) {
  Trace trace = ordinary();
  trace.peer = "2001:db8::7";
  trace.helo = "[IPv6:2001:db8::7]";
  EXPECT_THAT(unfolded(trace_fields(trace)), HasSubstr("from [IPv6:2001:db8::7] ([IPv6:2001:db8::7]) by"));
}

TEST(TraceFields, QuoteALocalPartThatNeedsIt) {
  Trace trace = ordinary();
  trace.recipient = {"an (na) \"x\"", "example.org"};
  const std::string fields = unfolded(trace_fields(trace));
  EXPECT_THAT(fields, HasSubstr("Delivered-To: \"an (na) \\\"x\\\"\"@example.org\r\n"));
  EXPECT_THAT(fields, HasSubstr("for <\"an (na) \\\"x\\\"\"@example.org>;"));
}

TEST(TraceFields, PassAddressesInUtf8) {
  Trace trace = ordinary();
  trace.reverse_path = Address{"j\xc3\xb6rg",
                               "b\xc3\xbc"
                               "cher.example"};
  EXPECT_THAT(trace_fields(trace), StartsWith("Return-Path: <j\xc3\xb6rg@b\xc3\xbc"
                                              "cher.example>\r\n"));
}

TEST(TraceFields, DateInUtcAsRfc5322Says) {
  EXPECT_EQ(date_of(Timestamp(0s)), "Thu, 01 Jan 1970 00:00:00 +0000\r\n");
  EXPECT_EQ(date_of(Timestamp(951'827'696s + 999'999us)), "Tue, 29 Feb 2000 12:34:56 +0000\r\n");
  EXPECT_EQ(date_of(Timestamp(1'735'689'599s)), "Tue, 31 Dec 2024 23:59:59 +0000\r\n");
  EXPECT_EQ(date_of(Timestamp(4'102'444'800s)), "Fri, 01 Jan 2100 00:00:00 +0000\r\n");
}

TEST(TraceFields, LetNothingOutOfANameThatAPeerChose) {
  Trace trace = ordinary();
  trace.helo = "a\r\nX-Evil: 1\r\n\r\nbody (c) <d@e>; \"f\" [g] \\h, i\0j\x7fk\xc3\xb6"s;
  const std::string fields = unfolded(trace_fields(trace));
  EXPECT_EQ(lines_of(fields).size(), 3u);
  EXPECT_THAT(fields,
              HasSubstr("Received: from a??X-Evil??1????body??c???d?e????f???g???h??i?j?k?? ([192.0.2.7]) by "));
}

TEST(TraceFields, LetNothingOutOfAnyOtherText) {
  const std::string evil = "x\r\n\r\n.\r\nX: (y";
  Trace trace = ordinary();
  trace.by = trace.protocol = trace.id = trace.helo = evil;
  trace.peer = evil;
  trace.recipient = {evil, "a>b\r\nc"};
  trace.reverse_path = Address{"a", evil};
  const std::string fields = trace_fields(trace);
  EXPECT_EQ(lines_of(unfolded(fields)).size(), 3u);
  EXPECT_THAT(fields, Not(HasSubstr("X:")));
  EXPECT_THAT(fields, Not(HasSubstr("(")));
}

TEST(TraceFields, AreCleanForEveryOctetInEveryPlace) {
  for (int octet = 0; octet < 256; ++octet) {
    const std::string name = std::string("a") + static_cast<char>(octet) + "b";
    Trace trace = ordinary();
    trace.helo = trace.by = trace.protocol = trace.id = trace.peer = name;
    trace.recipient = {name, name};
    trace.reverse_path = Address{name, name};
    const std::string fields = unfolded(trace_fields(trace));
    ASSERT_EQ(lines_of(fields).size(), 3u) << octet;
    const auto is_control = [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\r' && c != '\n') || c == 0x7f;
    };
    ASSERT_FALSE(std::ranges::any_of(fields, is_control)) << octet;
    ASSERT_EQ(std::ranges::count(fields, '\n'), 3) << octet;
    ASSERT_EQ(std::ranges::count(fields, '\r'), 3) << octet;
  }
}

TEST(TraceFields, FoldUnderSeventyEightOctetsWhereAWordAllowsIt) {
  std::mt19937 random(2);
  for (int round = 0; round < 2000; ++round) {
    Trace trace = ordinary();
    trace.helo = std::string(random() % 60 + 1, 'h');
    trace.by = std::string(random() % 60 + 1, 'b');
    trace.id = std::string(random() % 60 + 1, 'i');
    trace.recipient.local_part = std::string(random() % 40 + 1, 'r');
    for (const auto& line : lines_of(trace_fields(trace))) {
      ASSERT_LE(line.size(), 78u);
      ASSERT_NE(line.find_first_not_of(" \t"), std::string::npos) << "a line of nothing but white space";
    }
  }
}

TEST(TraceFields, NeverExceedTheirLimit) {
  const std::string endless(100'000, 'x');
  Trace trace = ordinary();
  trace.helo = trace.by = trace.protocol = trace.id = endless;
  trace.peer = "2001:db8:1111:2222:3333:4444:5555:6666";
  trace.recipient = {endless, endless};
  trace.reverse_path = Address{endless, endless};
  const std::string fields = trace_fields(trace);
  EXPECT_LE(fields.size(), limits::trace_fields_octets_max);
  EXPECT_THAT(fields, EndsWith(" +0000\r\n"));
  for (const auto& line : lines_of(fields)) EXPECT_LE(line.size(), 998u);
}

TEST(TraceFields, KeepTheirLimitWithTheLongestAddressesThereAre) {
  Trace trace = ordinary();
  trace.recipient = {std::string((limits::path_octets_max - 2 - 2 - 2) / 2, '"'), "d"};
  trace.reverse_path = trace.recipient;
  ASSERT_TRUE(parse_address(trace.recipient.text(), false));
  EXPECT_LE(trace_fields(trace).size(), limits::trace_fields_octets_max);
  EXPECT_THAT(unfolded(trace_fields(trace)), HasSubstr("for <" + trace.recipient.text() + ">;"));
}

}  // namespace
}  // namespace fermo::mail
