#include "simulation/paced_env.h"

#include <algorithm>
#include <deque>
#include <mutex>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace fermo::simulation {

class PacedEnv::Impl final : public rocksdb::EnvWrapper {
 public:
  explicit Impl(const std::shared_ptr<rocksdb::FileSystem>& files) : EnvWrapper(rocksdb::NewCompositeEnv(files)) {
    file_system_ = files;  // EnvWrapper would speak to it by way of the older interface
  }
  const char* Name() const override { return "fermo.paced"; }

  void Schedule(void (*function)(void*), void* argument, Priority priority, void* tag, void (*forget)(void*)) override {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({function, forget, argument, tag, priority});
  }

  int UnSchedule(void* tag, Priority priority) override {
    std::deque<Job> dropped;
    {
      const std::lock_guard lock(mutex_);
      const auto is_meant = [&](const Job& job) { return job.tag == tag && job.priority == priority; };
      std::ranges::copy_if(jobs_, std::back_inserter(dropped), is_meant);
      std::erase_if(jobs_, is_meant);
    }
    for (const Job& job : dropped) {
      if (job.forget) job.forget(job.argument);
    }
    return static_cast<int>(dropped.size());
  }

  unsigned int GetThreadPoolQueueLen(Priority priority) const override {
    const std::lock_guard lock(mutex_);
    return static_cast<unsigned int>(
        std::ranges::count_if(jobs_, [priority](const Job& job) { return job.priority == priority; }));
  }

  bool work_once() {
    std::unique_lock lock(mutex_);
    if (jobs_.empty()) return false;
    const Job job = jobs_.front();
    jobs_.pop_front();
    lock.unlock();
    job.function(job.argument);
    return true;
  }

 private:
  struct Job {
    void (*function)(void*);
    void (*forget)(void*);
    void* argument;
    void* tag;
    Priority priority;
  };

  mutable std::mutex mutex_;
  std::deque<Job> jobs_;
};

PacedEnv::PacedEnv(std::shared_ptr<rocksdb::FileSystem> files) : impl_(std::make_unique<Impl>(files)) {}
PacedEnv::~PacedEnv() = default;

rocksdb::Env* PacedEnv::env() {
  return impl_.get();
}

std::size_t PacedEnv::work() {
  std::size_t done = 0;
  while (impl_->work_once()) ++done;
  return done;
}

}  // namespace fermo::simulation
