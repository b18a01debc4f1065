#include "fetcher/worker_notes.h"

#include <random>
#include <utility>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "processes/note_socket.h"

namespace fermo::fetcher {
namespace {

Report a_report() {
  Report report;
  report.verdict = Verdict::incomplete;
  report.problem = "the connection broke";
  report.advice = "try again";
  report.tls = "TLS 1.3";
  report.unchanged = true;
  report.listed = 1;
  report.fetched = 2;
  report.heads = 3;
  report.found = 4;
  report.deleted = 5;
  report.refused = 6;
  report.left_behind = 7;
  report.octets = Octets{8};
  report.octets_in = 9;
  report.octets_out = 10;
  report.troubles = {{11, "message 11 is in trouble"}};
  report.remarks = {"one", "two"};
  report.login_delay = std::chrono::seconds(900);
  return report;
}

fetch::Decision a_decision() {
  return {MessageNumber::at_index(6), "key",          Octets{70}, 2, fetch::Retrieval::head, fetch::Removal::now,
          fetch::Reason::too_large,   /*enters=*/true};
}

TEST(WorkerNotes, AReportComesOutAsItWentIn) {
  const auto decoded = decode_report(encode(a_report()));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode(*decoded), encode(a_report()));
  EXPECT_EQ(decoded->verdict, Verdict::incomplete);
  EXPECT_EQ(decoded->troubles.front().what, "message 11 is in trouble");
  EXPECT_EQ(decoded->octets_out, 10U);
  EXPECT_EQ(decoded->login_delay, std::chrono::seconds(900));
}

TEST(WorkerNotes, ADecisionComesOutAsItWentIn) {
  EXPECT_EQ(decode_decision(encode(a_decision())), a_decision());
}

TEST(WorkerNotes, WhatIsCutOrGoesOnIsNone) {
  const std::string report = encode(a_report());
  for (std::size_t octets = 0; octets < report.size(); ++octets) EXPECT_FALSE(decode_report(report.substr(0, octets)));
  EXPECT_FALSE(decode_report(report + "x"));
  const std::string decision = encode(a_decision());
  for (std::size_t octets = 0; octets < decision.size(); ++octets) {
    EXPECT_FALSE(decode_decision(decision.substr(0, octets)));
  }
  EXPECT_FALSE(decode_work(encode(Work()) + "x"));
  EXPECT_FALSE(decode_advance(""));
  EXPECT_FALSE(decode_not_begun("x"));
}

TEST(WorkerNotes, AnythingMayComeAndDoesNoHarm) {
  std::mt19937_64 random(20261122);
  for (int i = 0; i < 5'000; ++i) {
    std::string report = encode(a_report());
    std::string decision = encode(a_decision());
    for (std::string* const text : {&report, &decision}) {
      for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
        (*text)[random() % text->size()] = static_cast<char>(random());
      }
    }
    if (const auto decoded = decode_report(report)) {
      EXPECT_LE(decoded->verdict, Verdict::process_lost);
      EXPECT_LE(decoded->troubles.size(), limits::message_troubles_max);
      EXPECT_LE(decoded->login_delay.value_or(std::chrono::seconds(0)), limits::fetch_login_delay_max);
    }
    if (const auto decoded = decode_decision(decision)) {
      EXPECT_LE(decoded->reason, fetch::Reason::deleted_locally);
    }
  }
}

TEST(WorkerNotes, TextsAreFitToBeShownWhoeverWroteThem) {
  Report report;
  report.problem = "a\x1b[2Jb\nc";
  EXPECT_EQ(decode_report(encode(report))->problem, "a?[2Jb?c");
  EXPECT_EQ(decode_complaint("a\rb"), "a?b");
}

TEST(WorkerNotes, TheLongestReportFits) {
  Report report;
  report.problem.assign(1 << 20, 'p');
  report.troubles.assign(1'000, {1, std::string(100'000, 't')});
  report.remarks.assign(1'000, std::string(100'000, 'r'));
  const std::string text = encode(report);
  EXPECT_LE(text.size(), limits::worker_message_octets_max);
  const auto decoded = decode_report(text);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->troubles.size(), limits::message_troubles_max);
  EXPECT_EQ(decoded->problem.size(), limits::worker_text_octets_max);
}

/// What arrives of a payload that is sent through a pair of sockets.
std::optional<processes::Note> passed_on(std::string_view payload) {
  auto pair = processes::make_pair(false);
  const processes::NoteSocket from(std::move(pair->first));
  const processes::NoteSocket to(std::move(pair->second));
  EXPECT_TRUE(send_whole(from, WorkerNote::ended, payload));
  WholeNotes whole;
  while (true) {
    auto note = to.receive();
    if (!note) return std::nullopt;
    auto message = whole.add(std::move(*note));
    if (message || whole.too_long()) return message;
  }
}

TEST(WorkerNotes, WhatIsLongGoesInPartsAndComesOutWhole) {
  for (const std::size_t octets : {std::size_t{0}, std::size_t{10}, limits::note_octets_max,
                                   limits::note_octets_max + 1, 5 * limits::note_octets_max}) {
    std::string payload(octets, 'x');
    if (!payload.empty()) payload.back() = 'y';
    const auto note = passed_on(payload);
    ASSERT_TRUE(note);
    EXPECT_EQ(note->kind, static_cast<std::uint8_t>(WorkerNote::ended));
    EXPECT_EQ(note->payload, payload);
  }
}

TEST(WorkerNotes, PartsWithoutAnEndAreNotKept) {
  WholeNotes whole;
  for (std::size_t octets = 0; octets <= limits::worker_message_octets_max; octets += limits::note_octets_max) {
    EXPECT_FALSE(whole.too_long());
    EXPECT_FALSE(
        whole.add({static_cast<std::uint8_t>(WorkerNote::part), std::string(limits::note_octets_max, 'x'), {}}));
  }
  EXPECT_TRUE(whole.too_long());
  EXPECT_FALSE(whole.add({static_cast<std::uint8_t>(WorkerNote::ended), "x", {}}));
}

}  // namespace
}  // namespace fermo::fetcher
