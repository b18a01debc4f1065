#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "maildrop/checkpoint.h"
#include "maildrop/error.h"

namespace fermo::maildrop_ipc {

/// For tests: gives out checkpoints that have no files, and knows how many of them are held. Thread-safe.
class CountedCheckpoints final : public maildrop::CheckpointSource {
 public:
  Result<std::unique_ptr<maildrop::Checkpoint>> take_checkpoint() override {
    const std::lock_guard lock(mutex_);
    if (refusal_) return *refusal_;
    ++held_;
    return std::make_unique<Counted>(*this, "checkpoint-" + std::to_string(++taken_));
  }

  void refuse(maildrop::Error error) {
    const std::lock_guard lock(mutex_);
    refusal_ = error;
  }

  std::size_t held() const {
    const std::lock_guard lock(mutex_);
    return held_;
  }
  void await_held(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_ == count; });
  }

 private:
  class Counted final : public maildrop::Checkpoint {
   public:
    Counted(CountedCheckpoints& source, std::string name) : source_(source), name_(std::move(name)) {}
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() override {
      const std::lock_guard lock(source_.mutex_);
      --source_.held_;
      source_.changed_.notify_all();
    }
    const std::string& name() const override { return name_; }

   private:
    CountedCheckpoints& source_;
    const std::string name_;
  };

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::size_t held_ = 0;
  std::size_t taken_ = 0;
  std::optional<maildrop::Error> refusal_;
};

}  // namespace fermo::maildrop_ipc
