#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runtime/error.h"

namespace fermo::runtime {

/// Threads for work that blocks: a store, a password hash. Threads and queue are bounded, so that a slow disk shows as
/// an error to the client and not as memory. Thread-safe.
class BlockingPool {
 public:
  struct Size {
    std::size_t threads;
    std::size_t queue_max;  ///< Jobs that may wait for a thread.
  };
  /// Told what an exception said, on a thread of the pool.
  using OnException = std::function<void(std::string_view what)>;

  /// `name` is shown for the threads (ps -L); at most 11 octets of it.
  BlockingPool(std::string name, Size size, OnException on_exception);
  /// Waits for every job, the queued ones too.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// Runs `job`, which returns a Result<T>, on a thread of the pool, and resumes the caller on its own executor with
  /// what the job returned: Error::queue_full when it was not begun, Error::job_failed when it ended by an exception.
  /// The job owns what it works with; it and all it owns is destroyed on the pool's thread before the caller resumes.
  /// There is no cancelling: the caller's executor must live until the job has ended.
  template <class Job>
  auto run(Job job) -> boost::asio::awaitable<std::invoke_result_t<Job&>> {
    using Outcome = std::invoke_result_t<Job&>;
    using Token = const boost::asio::use_awaitable_t<>;
    return boost::asio::async_initiate<Token, void(Outcome)>(Begin(this), boost::asio::use_awaitable, std::move(job));
  }

  /// The same for a caller that does something else meanwhile: `done` gets what the job returned, on its associated
  /// executor.
  template <class Job, class Handler>
  void start(Job job, Handler done) {
    Begin (this)(std::move(done), std::move(job));
  }

  /// Jobs that wait for a thread, at this moment.
  std::size_t queued() const;

 private:
  class Work {
   public:
    virtual ~Work() = default;
    virtual void run(const OnException& on_exception) = 0;
    virtual void refuse() = 0;
  };

  template <class Job, class Handler>
  class Task;

  class Begin {
   public:
    explicit Begin(BlockingPool* pool) : pool_(pool) {}
    template <class Handler, class Job>
    void operator()(Handler handler, Job job) const {
      pool_->submit(std::make_unique<Task<Job, Handler>>(std::move(job), std::move(handler)));
    }

   private:
    BlockingPool* pool_;
  };

  void submit(std::unique_ptr<Work> work);
  void work();

  const Size size_;
  const OnException on_exception_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::unique_ptr<Work>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <class Job, class Handler>
class BlockingPool::Task final : public BlockingPool::Work {
 public:
  using Outcome = std::invoke_result_t<Job&>;

  Task(Job job, Handler handler)
      : job_(std::move(job)),
        handler_(std::move(handler)),
        guard_(boost::asio::make_work_guard(boost::asio::get_associated_executor(handler_))) {}

  void run(const OnException& on_exception) override {
    Outcome outcome = outcome_of_job(on_exception);
    job_.reset();
    complete(std::move(outcome));
  }

  void refuse() override {
    job_.reset();
    complete(Outcome(make_error_code(Error::queue_full)));
  }

 private:
  Outcome outcome_of_job(const OnException& on_exception) {
    try {
      return (*job_)();
    } catch (const std::exception& exception) {
      on_exception(exception.what());
    } catch (...) {
      on_exception("an exception that is no std::exception");
    }
    return Outcome(make_error_code(Error::job_failed));
  }

  void complete(Outcome outcome) {
    auto resume = [handler = std::move(handler_), outcome = std::move(outcome)]() mutable {
      handler(std::move(outcome));
    };
    boost::asio::post(guard_.get_executor(), std::move(resume));
  }

  std::optional<Job> job_;
  Handler handler_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> guard_;
};

}  // namespace fermo::runtime
