#include "processes/note_socket.h"

#include <optional>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace fermo::processes {
namespace {

struct Ends {
  NoteSocket ours;
  std::optional<NoteSocket> theirs;
};

Ends ends() {
  auto pair = make_pair(false);
  return {NoteSocket(std::move(pair->first)), NoteSocket(std::move(pair->second))};
}

TEST(NoteSocketTest, WhatWasSaidBeforeTheEndIsHeardThoughNotAllWasRead) {
  Ends pair = ends();
  ASSERT_TRUE(pair.ours.send(1, "never read"));
  ASSERT_TRUE(pair.theirs->send(2, "why it ended"));
  pair.theirs.reset();
  const auto note = pair.ours.receive();
  ASSERT_TRUE(note);
  EXPECT_EQ(note->payload, "why it ended");
  EXPECT_FALSE(pair.ours.receive());
}

TEST(NoteSocketTest, WhoeverIsGoneGetsNothing) {
  Ends pair = ends();
  pair.theirs.reset();
  EXPECT_FALSE(pair.ours.send(1));
  EXPECT_FALSE(pair.ours.receive());
}

TEST(NoteSocketTest, ANoteIsWaitedForUntilTheTimeIsUpOrTheOtherSideIsGone) {
  Ends pair = ends();
  EXPECT_FALSE(pair.ours.has_something(std::chrono::milliseconds(1)));
  ASSERT_TRUE(pair.theirs->send(1));
  EXPECT_TRUE(pair.ours.has_something(std::chrono::minutes(1)));
  ASSERT_TRUE(pair.ours.receive());
  pair.theirs.reset();
  EXPECT_TRUE(pair.ours.has_something(std::chrono::minutes(1)));
}

TEST(NoteSocketTest, NotesStayApart) {
  Ends pair = ends();
  ASSERT_TRUE(pair.ours.send(1, ""));
  ASSERT_TRUE(pair.ours.send(2, std::string(limits::note_octets_max, 'x')));
  const auto first = pair.theirs->receive();
  const auto second = pair.theirs->receive();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->kind, 1);
  EXPECT_TRUE(first->payload.empty());
  EXPECT_EQ(second->payload.size(), limits::note_octets_max);
}

}  // namespace
}  // namespace fermo::processes
