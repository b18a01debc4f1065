#include "fermo/role_sockets.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include <gtest/gtest.h>

#include "confine/confinement.h"

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

TEST(RoleSockets, ThatAThreadCannotBeStartedIsAProblemToo) {
  // ThreadSanitizer lets no child of a process with threads start one.
  if (confine::has_sanitizer()) GTEST_SKIP() << "not with a sanitizer";
  auto pair = processes::make_pair(false);
  ASSERT_TRUE(pair);
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr rlimit none{0, 0};
    const bool nobody = ::geteuid() != 0 || ::setresuid(65534, 65534, 65534) == 0;  // no limit is root's
    if (!nobody || ::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(2);
    const processes::NoteSocket notes(std::move(pair->first));
    bool known = false;
    {
      RoleSockets sockets(notes);
      sockets.add({}, [](std::vector<Descriptor>) {});
      known = sockets.problem().has_value() && !notes.receive();
    }
    ::_exit(known ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace fermo::commands
