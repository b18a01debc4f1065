#include "runtime/blocking_pool.h"

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/detached.hpp>

#include "base/failure.h"
#include "base/result.h"
#include "runtime/cores.h"
#include "runtime/test_support.h"

namespace fermo::runtime {
namespace {

namespace asio = boost::asio;
using test::run;

void ignore(std::string_view) {}

template <class Job>
asio::awaitable<std::invoke_result_t<Job&>> await_job(BlockingPool* pool, Job job) {
  auto running = pool->run(std::move(job));
  auto outcome = co_await std::move(running);
  co_return outcome;
}

struct Threads {
  std::thread::id job;
  std::thread::id resumed;
};

asio::awaitable<Threads> threads_of_one_job(BlockingPool* pool) {
  Threads threads;
  auto job = [&threads]() -> Result<int> {
    threads.job = std::this_thread::get_id();
    return 1;
  };
  auto running = pool->run(job);
  co_await std::move(running);
  threads.resumed = std::this_thread::get_id();
  co_return threads;
}

TEST(BlockingPool, RunsTheJobElsewhereAndResumesTheCallerWhereItWas) {
  asio::io_context context(1);
  BlockingPool pool("test", {1, 1}, ignore);
  const Threads threads = run(context, threads_of_one_job(&pool));
  EXPECT_NE(threads.job, std::this_thread::get_id());
  EXPECT_EQ(threads.resumed, std::this_thread::get_id());
}

TEST(BlockingPool, PassesOnWhatTheJobReturned) {
  asio::io_context context(1);
  BlockingPool pool("test", {1, 1}, ignore);
  const auto value = [] { return Result<std::string>("text"); };
  const auto failure = [] { return Result<std::string>(make_error_code(Error::cancelled)); };
  EXPECT_EQ(*run(context, await_job(&pool, value)), "text");
  EXPECT_EQ(run(context, await_job(&pool, failure)).error(), Error::cancelled);
}

TEST(BlockingPool, PassesOnWhatCannotBeCopied) {
  asio::io_context context(1);
  BlockingPool pool("test", {1, 1}, ignore);
  auto job = [held = std::make_unique<int>(7)]() mutable { return Result<std::unique_ptr<int>>(std::move(held)); };
  EXPECT_EQ(**run(context, await_job(&pool, std::move(job))), 7);
}

TEST(BlockingPool, RefusesAJobWhenTheQueueIsFullAndDoesNotBeginIt) {
  Cores cores(1);
  cores.start();
  BlockingPool pool("test", {1, 1}, ignore);
  std::promise<void> started;
  std::promise<void> go_on;
  auto blocks = [&started, gate = go_on.get_future().share()]() -> Result<int> {
    started.set_value();
    gate.wait();
    return 1;
  };
  auto quick = [] { return Result<int>(2); };
  std::atomic<bool> begun = false;
  auto refused = [&begun]() -> Result<int> {
    begun = true;
    return 3;
  };
  auto first = asio::co_spawn(cores.at(0), await_job(&pool, blocks), asio::use_future);
  started.get_future().wait();
  auto second = asio::co_spawn(cores.at(0), await_job(&pool, quick), asio::use_future);
  auto third = asio::co_spawn(cores.at(0), await_job(&pool, refused), asio::use_future);
  const Result<int> outcome = third.get();
  EXPECT_EQ(outcome.error(), Error::queue_full);
  EXPECT_EQ(outcome.error(), Failure::temporary);
  EXPECT_EQ(pool.queued(), 1U);
  go_on.set_value();
  EXPECT_EQ(*first.get(), 1);
  EXPECT_EQ(*second.get(), 2);
  EXPECT_FALSE(begun);
}

TEST(BlockingPool, TurnsAnExceptionIntoAnErrorThatPromisesNothing) {
  asio::io_context context(1);
  std::string reported;
  BlockingPool pool("test", {1, 1}, [&reported](std::string_view what) { reported = what; });
  auto throws = []() -> Result<int> { throw std::runtime_error("out of luck"); };
  const Result<int> outcome = run(context, await_job(&pool, throws));
  EXPECT_EQ(outcome.error(), Error::job_failed);
  EXPECT_EQ(outcome.error(), Failure::unknown);
  EXPECT_EQ(reported, "out of luck");
  EXPECT_EQ(*run(context, await_job(&pool, [] { return Result<int>(4); })), 4);
}

TEST(BlockingPool, DestroysWhatTheJobOwnsOnItsOwnThreadBeforeTheCallerResumes) {
  asio::io_context context(1);
  BlockingPool pool("test", {1, 1}, ignore);
  std::thread::id destroyed_on;
  std::shared_ptr<int> owned(new int(0), [&destroyed_on](int* number) {
    destroyed_on = std::this_thread::get_id();
    delete number;
  });
  auto job = [owned = std::move(owned)] { return Result<int>(*owned); };
  run(context, await_job(&pool, std::move(job)));
  EXPECT_NE(destroyed_on, std::thread::id());
  EXPECT_NE(destroyed_on, std::this_thread::get_id());
}

TEST(BlockingPool, BringsEveryCallerOfManyCoresBack) {
  Cores cores(3);
  cores.start();
  BlockingPool pool("test", {4, 10'000}, ignore);
  std::vector<std::future<Result<int>>> outcomes;
  for (int i = 0; i < 2'000; ++i) {
    auto job = [i] { return Result<int>(i); };
    const auto core = static_cast<std::size_t>(i) % cores.size();
    outcomes.push_back(asio::co_spawn(cores.at(core), await_job(&pool, job), asio::use_future));
  }
  for (int i = 0; i < 2'000; ++i) EXPECT_EQ(*outcomes[static_cast<std::size_t>(i)].get(), i);
}

TEST(BlockingPool, FinishesWhatIsQueuedBeforeItIsGone) {
  Cores cores(1);
  cores.start();
  std::atomic<int> done = 0;
  std::vector<std::future<Result<int>>> outcomes;
  {
    BlockingPool pool("test", {1, 100}, ignore);
    for (int i = 0; i < 50; ++i) {
      auto job = [&done] { return Result<int>(++done); };
      outcomes.push_back(asio::co_spawn(cores.at(0), await_job(&pool, job), asio::use_future));
    }
    std::promise<void> all_begun;
    asio::post(cores.at(0), [&all_begun] { all_begun.set_value(); });
    all_begun.get_future().wait();
  }
  EXPECT_EQ(done, 50);
  for (auto& outcome : outcomes) EXPECT_TRUE(outcome.get().has_value());
}

}  // namespace
}  // namespace fermo::runtime
