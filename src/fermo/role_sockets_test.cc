#include "fermo/role_sockets.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace fermo::commands {
namespace {

TEST(RoleSockets, WhatAThreadThrowsClosesTheNotesAndIsKept) {
  auto pair = processes::make_pair(false);
  ASSERT_TRUE(pair);
  const processes::NoteSocket notes(std::move(pair->first));
  RoleSockets sockets(notes);
  sockets.add({}, [](std::vector<Descriptor>) {});
  EXPECT_FALSE(sockets.problem());
  sockets.add({}, [](std::vector<Descriptor>) { throw std::runtime_error("no memory"); });
  EXPECT_FALSE(notes.receive());  // the role's own loop ends
  EXPECT_EQ(sockets.problem(), "no memory");
  const processes::NoteSocket launcher(std::move(pair->second));
  EXPECT_FALSE(launcher.receive());
}

}  // namespace
}  // namespace fermo::commands
