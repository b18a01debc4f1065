#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace fermo::auth {

/// Lets a fixed number of password hashes run at once. (std::counting_semaphore of libstdc++ 12 can miss a wake-up,
/// GCC bug 104928.) Thread-safe.
class HashingSlots {
 public:
  explicit HashingSlots(std::size_t count);

  /// One slot, held until destroyed.
  class Holder {
   public:
    /// Waits until a slot is free.
    explicit Holder(HashingSlots& slots);
    ~Holder();
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

   private:
    HashingSlots& slots_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t free_;
};

}  // namespace fermo::auth
