#include "smtp/server_session.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "base/limits.h"

// What the dialogues of tests/transcripts/lmtp cannot show.
namespace fermo::smtp {
namespace {

ServerSettings settings() {
  ServerSettings settings;
  settings.host_name = "mx.example.org";
  return settings;
}

/// Says yes to everything until input is wanted or the session is over; gives back what was sent.
class Obedient {
 public:
  explicit Obedient(ServerSettings settings = smtp::settings()) : session(std::move(settings)) { run(); }

  std::string say(std::string_view octets) {
    session.receive(octets);
    return run();
  }

  std::string run() {
    std::string sent;
    for (;;) {
      Step step = session.next();
      if (std::holds_alternative<NeedInput>(step) || std::holds_alternative<Close>(step)) return sent;
      if (auto* send = std::get_if<Send>(&step)) sent += send->octets;
      if (std::holds_alternative<ResolveRecipient>(step)) session.answer(RecipientResolved{true});
      if (std::holds_alternative<BeginMessage>(step)) session.answer(MessageBegun{{}});
      if (std::holds_alternative<Append>(step)) session.answer(Appended{{}});
      if (auto* finish = std::get_if<FinishMessage>(&step)) {
        envelope = finish->envelope;
        session.answer(Finished{{}});
      }
    }
  }

  ServerSession session;
  std::optional<Envelope> envelope;
};

constexpr std::string_view one_message =
    "MAIL FROM:<s@b.example>\r\nRCPT TO:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\na\r\n.\r\n";

TEST(ServerSession, RecordTellsWhatHappened) {
  Obedient peer;
  peer.say("LHLO client.example\r\nNONSENSE\r\n");
  peer.say(one_message);
  peer.say(one_message);
  peer.say("MAIL FROM:<>\r\nBDAT 3\r\na\r\nQUIT\r\n");
  const SessionRecord& record = peer.session.record();
  EXPECT_EQ(record.helo, "client.example");
  EXPECT_EQ(record.commands, 13U);
  EXPECT_EQ(record.errors, 2U);
  EXPECT_EQ(record.messages, 2U);
  EXPECT_EQ(record.deliveries, 4U);
}

TEST(ServerSession, EveryRecipientThatIsRefusedAfterTheDataIsAnError) {
  ServerSettings small = settings();
  small.message_octets_max = 2;
  Obedient peer(small);
  peer.say("LHLO c\r\n");
  peer.say(one_message);
  EXPECT_EQ(peer.session.record().errors, 2U);
  EXPECT_EQ(peer.session.record().messages, 0U);
}

TEST(ServerSession, EnvelopeCarriesTheNameOfTheClient) {
  Obedient peer;
  peer.say("LHLO [IPv6:::1]\r\n");
  peer.say(one_message);
  ASSERT_TRUE(peer.envelope);
  EXPECT_EQ(peer.envelope->helo, "[IPv6:::1]");
  EXPECT_EQ(peer.envelope->reverse_path, (mail::Address{"s", "b.example"}));
}

TEST(ServerSession, EnvelopeOfOneTransactionLeavesNothingInTheNext) {
  Obedient peer;
  peer.say("LHLO c\r\nMAIL FROM:<x@b.example> SMTPUTF8\r\nRCPT TO:<carol@example.org>\r\nRSET\r\n");
  peer.say("MAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n.\r\n");
  ASSERT_TRUE(peer.envelope);
  EXPECT_FALSE(peer.envelope->reverse_path);
  EXPECT_FALSE(peer.envelope->smtputf8);
  EXPECT_EQ(peer.envelope->recipients, (std::vector<mail::Address>{{"alice", "example.org"}}));
}

// RFC 2920 §3.1: a client may have sent hundreds of RCPT before it learns that MAIL was refused.
TEST(ServerSession, WhatWasPipelinedOverARefusedMailIsNoNonsense) {
  Obedient peer;
  peer.say("LHLO c\r\n");
  std::string commands = "MAIL FROM:<a@b.example> SIZE=99999999999\r\n";
  for (int i = 0; i < 500; ++i) commands += "RCPT TO:<alice@example.org>\r\n";
  EXPECT_TRUE(peer.say(commands).ends_with("503 5.5.1 say MAIL first\r\n"));
  EXPECT_EQ(peer.say("NOOP\r\n"), "250 2.0.0 OK\r\n");
}

TEST(ServerSession, UnknownRecipientsAreNoNonsense) {
  ServerSession session(settings());
  session.receive("LHLO c\r\nMAIL FROM:<>\r\n");
  for (int i = 0; i < 500; ++i) session.receive("RCPT TO:<who@example.org>\r\n");
  std::size_t refused = 0;
  for (Step step = session.next(); !std::holds_alternative<NeedInput>(step); step = session.next()) {
    ASSERT_FALSE(std::holds_alternative<Close>(step));
    if (!std::holds_alternative<ResolveRecipient>(step)) continue;
    session.answer(RecipientResolved{false});
    ++refused;
  }
  EXPECT_EQ(refused, 500U);
}

TEST(ServerSession, TimeLimitIsThatOfTheSettings) {
  ServerSettings patient = settings();
  patient.idle_time_max = std::chrono::seconds(77);
  EXPECT_EQ(ServerSession(patient).time_limit(), std::chrono::seconds(77));
  EXPECT_GE(ServerSession(settings()).time_limit(), std::chrono::minutes(5));  // RFC 5321 §4.5.3.2.7
}

TEST(ServerSession, StaysClosed) {
  Obedient peer;
  peer.say("QUIT\r\n");
  peer.session.receive("NOOP\r\n");
  peer.session.expire();
  peer.session.shut_down();
  EXPECT_EQ(std::get<Close>(peer.session.next()).end, End::quit);
}

TEST(ServerSession, CanBeMovedInTheMiddleOfALine) {
  ServerSession first(settings());
  first.next();
  first.receive("QU");
  EXPECT_TRUE(std::holds_alternative<NeedInput>(first.next()));
  ServerSession second = std::move(first);
  second.receive("IT\r\n");
  EXPECT_EQ(std::get<Send>(second.next()).octets, "221 2.0.0 closing\r\n");
}

// --- Large messages --------------------------------------------------------------------------------------------------

/// Takes in one message of which it remembers only counts.
struct Intake {
  std::uint64_t octets = 0;
  std::size_t appends = 0;
  std::size_t largest_append_octets = 0;
  std::optional<mail::WireSummary> summary;
  bool abandoned = false;

  void obey(ServerSession& session) {
    for (Step step = session.next(); !std::holds_alternative<NeedInput>(step); step = session.next()) {
      if (std::holds_alternative<ResolveRecipient>(step)) session.answer(RecipientResolved{true});
      if (std::holds_alternative<BeginMessage>(step)) session.answer(MessageBegun{{}});
      if (const auto* append = std::get_if<Append>(&step)) take(*append, session);
      if (const auto* finish = std::get_if<FinishMessage>(&step)) {
        summary = finish->summary;
        session.answer(Finished{{}});
      }
      abandoned = abandoned || std::holds_alternative<AbandonMessage>(step);
    }
  }

  void take(const Append& append, ServerSession& session) {
    octets += append.wire.size();
    ++appends;
    largest_append_octets = std::max(largest_append_octets, append.wire.size());
    session.answer(Appended{{}});
  }
};

/// 16 KiB, as from one read, of lines of 64 octets of which every second begins with a dot that DATA has stuffed.
std::string one_read() {
  std::string read;
  while (read.size() < limits::input_octets_at_once) {
    read += ".." + std::string(60, 'x') + "\r\n" + std::string(62, 'y') + "\r\n";
  }
  return read;
}

constexpr std::uint64_t reads = 6'100;  // of 16 KiB: 100 MB

Intake take_in(std::uint64_t octets_max, std::string_view before, std::string_view after) {
  ServerSettings large = settings();
  large.message_octets_max = octets_max;
  ServerSession session(large);
  Intake intake;
  session.receive("LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\n");
  session.receive(before);
  intake.obey(session);
  const std::string read = one_read();
  for (std::uint64_t i = 0; i < reads; ++i) {
    session.receive(read);
    intake.obey(session);
  }
  session.receive(after);
  intake.obey(session);
  return intake;
}

TEST(ServerSession, LargeMessageGoesToTheStoreInBoundedPieces) {
  const Intake intake = take_in(200'000'000, "DATA\r\n", ".\r\n");
  const std::uint64_t wire_octets = reads * limits::input_octets_at_once;
  ASSERT_TRUE(intake.summary);
  EXPECT_EQ(intake.octets, wire_octets);
  EXPECT_EQ(intake.summary->wire_octets.value, wire_octets);
  EXPECT_EQ(intake.summary->octets.value, wire_octets - wire_octets / 128);
  EXPECT_EQ(intake.largest_append_octets, limits::message_piece_octets_max);
  EXPECT_EQ(intake.appends, (wire_octets + limits::message_piece_octets_max - 1) / limits::message_piece_octets_max);
}

TEST(ServerSession, LargeChunkGoesToTheStoreInBoundedPieces) {
  const std::uint64_t octets = reads * limits::input_octets_at_once;
  const Intake intake = take_in(200'000'000, "BDAT " + std::to_string(octets) + " LAST\r\n", "");
  ASSERT_TRUE(intake.summary);
  EXPECT_EQ(intake.summary->octets.value, octets);
  EXPECT_EQ(intake.summary->wire_octets.value, octets + octets / 128);
  EXPECT_EQ(intake.octets, octets + octets / 128);
  EXPECT_EQ(intake.largest_append_octets, limits::message_piece_octets_max);
}

TEST(ServerSession, LargeMessageOverTheLimitIsSwallowedToItsEnd) {
  const Intake intake = take_in(1'000'000, "DATA\r\n", ".\r\n");
  EXPECT_TRUE(intake.abandoned);
  EXPECT_FALSE(intake.summary);
  EXPECT_LE(intake.octets, 1'020'000U);
}

// --- Our own mistakes ------------------------------------------------------------------------------------------------

using ServerSessionDeathTest = ::testing::Test;

TEST(ServerSessionDeathTest, AnswersThatNobodyWants) {
  ServerSession session(settings());
  session.next();
  EXPECT_DEATH(session.answer(RecipientResolved{true}), "awaited_");
  EXPECT_DEATH(session.answer(MessageBegun{{}}), "awaited_");
  EXPECT_DEATH(session.answer(Appended{{}}), "awaited_");
  EXPECT_DEATH(session.answer(Finished{{}}), "awaited_");
}

TEST(ServerSessionDeathTest, NextBeforeTheAnswer) {
  Obedient peer;
  peer.say("LHLO c\r\nMAIL FROM:<>\r\n");
  peer.session.receive("RCPT TO:<alice@example.org>\r\n");
  ASSERT_TRUE(std::holds_alternative<ResolveRecipient>(peer.session.next()));
  EXPECT_DEATH(peer.session.next(), "awaited_");
  EXPECT_DEATH(peer.session.answer(Finished{{}}), "awaited_");
}

}  // namespace
}  // namespace fermo::smtp
