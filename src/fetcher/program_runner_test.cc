#include "fetcher/program_runner.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <cerrno>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "fetch/error.h"
#include "fetcher/file_ops.h"
#include "fetcher/spool.h"
#include "fetcher/worker_notes.h"

namespace fermo::fetcher {
namespace {

/// Both ends in this process.
class RemoteRunnerTest : public testing::Test {
 protected:
  void serve(const Program& program) {
    send_whole(here_, WorkerNote::errand, encode(program));
    served_ = std::thread([notes = std::move(there_)]() mutable {
      const processes::NoteSocket owned(std::move(notes));
      serve_program(owned);
    });
    runner_ = std::make_unique<RemoteRunner>(std::move(here_));
  }
  void TearDown() override {
    runner_.reset();
    if (served_.joinable()) served_.join();
  }

  std::string printed() const { return *read_at(printed_.get(), 0, limits::command_output_octets_max); }

  processes::SocketPair pair_ = *processes::make_pair(false);
  processes::NoteSocket here_{std::move(pair_.first)};
  Descriptor there_ = std::move(pair_.second);
  Spool input_ = *Spool::make();
  Descriptor printed_ = *make_temporary_file();
  std::unique_ptr<RemoteRunner> runner_;
  std::thread served_;
};

TEST_F(RemoteRunnerTest, GivesTheProgramItsInputAndItsNameAgainAndAgain) {
  serve({{"/bin/sh", "-c", "cat; echo $FERMO_DELIVERY_NAME; exit 3"}, limits::command_time_max});
  ASSERT_FALSE(input_.add("octets ").has_error());
  ASSERT_FALSE(input_.flush().has_error());
  for (const char* const name : {"first", "second"}) {
    ::lseek(input_.descriptor(), 0, SEEK_SET);
    const auto end = runner_->run(name, input_.descriptor(), printed_.get());
    ASSERT_TRUE(end);
    EXPECT_EQ(WEXITSTATUS(end->status), 3);
    EXPECT_EQ(end->not_started, 0);
  }
  EXPECT_EQ(printed(), "octets first\noctets second\n");
}

TEST_F(RemoteRunnerTest, SaysWhyAProgramCouldNotBeStarted) {
  serve({{"/no/such/program"}, limits::command_time_max});
  const auto end = runner_->run("name", input_.descriptor(), printed_.get());
  ASSERT_TRUE(end);
  EXPECT_EQ(end->not_started, ENOENT);
}

TEST_F(RemoteRunnerTest, AProgramThatTakesTooLongIsKilled) {
  serve({{"/bin/sh", "-c", "sleep 1000"}, std::chrono::seconds(1)});
  const auto end = runner_->run("name", input_.descriptor(), printed_.get());
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->timed_out);
}

TEST_F(RemoteRunnerTest, ANameThatIsNoneStartsNothing) {
  serve({{"/bin/sh", "-c", "echo started"}, limits::command_time_max});
  EXPECT_EQ(runner_->run("two\nlines", input_.descriptor(), printed_.get()).error(), fetch::Error::deferred);
  EXPECT_EQ(runner_->run("name", input_.descriptor(), printed_.get()).error(), fetch::Error::deferred);
  EXPECT_EQ(printed(), "");
}

TEST_F(RemoteRunnerTest, WithoutTheOtherSideNothingIsDelivered) {
  {
    const Descriptor closed = std::move(there_);
  }
  runner_ = std::make_unique<RemoteRunner>(std::move(here_));
  EXPECT_EQ(runner_->run("name", input_.descriptor(), printed_.get()).error(), fetch::Error::deferred);
}

}  // namespace
}  // namespace fermo::fetcher
