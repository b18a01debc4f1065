#pragma once

#include <cstddef>
#include <mutex>
#include <utility>

namespace fermo::maildrop_ipc {

/// So many octets for all who hold some. Thread-safe; must outlive its shares.
class Allowance {
 public:
  explicit Allowance(std::size_t octets) : left_(octets) {}

  /// What one of them holds. Not thread-safe by itself.
  class Share {
   public:
    /// Without an allowance it may grow as it likes.
    explicit Share(Allowance* allowance) : allowance_(allowance) {}
    Share(Share&& other) noexcept : allowance_(other.allowance_), octets_(std::exchange(other.octets_, 0)) {}
    Share& operator=(Share&&) = delete;
    ~Share() { clear(); }

    /// False: that is more than is left, and nothing is added.
    bool add(std::size_t octets) {
      if (allowance_ != nullptr && !allowance_->take(octets)) return false;
      octets_ += octets;
      return true;
    }
    void clear() {
      if (allowance_ != nullptr) allowance_->give_back(octets_);
      octets_ = 0;
    }

   private:
    Allowance* const allowance_;
    std::size_t octets_ = 0;
  };

 private:
  bool take(std::size_t octets) {
    const std::lock_guard lock(mutex_);
    if (octets > left_) return false;
    left_ -= octets;
    return true;
  }
  void give_back(std::size_t octets) {
    const std::lock_guard lock(mutex_);
    left_ += octets;
  }

  std::mutex mutex_;
  std::size_t left_;
};

}  // namespace fermo::maildrop_ipc
