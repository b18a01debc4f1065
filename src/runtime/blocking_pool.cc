#include "runtime/blocking_pool.h"

#include <pthread.h>

#include "base/check.h"

namespace fermo::runtime {

BlockingPool::BlockingPool(std::string name, Size size, OnException on_exception)
    : size_(size), on_exception_(std::move(on_exception)) {
  FERMO_CHECK(size.threads > 0);
  for (std::size_t i = 0; i < size.threads; ++i) {
    threads_.emplace_back([this] { work(); });
    const std::string thread_name = name.substr(0, 11) + "-" + std::to_string(i);
    pthread_setname_np(threads_.back().native_handle(), thread_name.substr(0, 15).c_str());
  }
}

BlockingPool::~BlockingPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void BlockingPool::submit(std::unique_ptr<Work> work) {
  {
    const std::lock_guard lock(mutex_);
    FERMO_CHECK(!stopping_);
    if (queue_.size() < size_.queue_max) queue_.push_back(std::move(work));
  }
  if (work) {
    work->refuse();
  } else {
    arrived_.notify_one();
  }
}

void BlockingPool::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::unique_ptr<Work> next = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    next->run(on_exception_);
  }
}

std::size_t BlockingPool::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

}  // namespace fermo::runtime
