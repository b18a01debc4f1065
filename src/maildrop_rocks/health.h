#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

#include "maildrop/error.h"

namespace fermo::rocks {

/// Whether the engine takes writes, and a bell for the one that puts it right. Thread-safe; takes no other lock.
class Health {
 public:
  /// Writes fail from here on with `error`, until good(). `text` is for the operator.
  void failing(maildrop::Error error, std::string text);
  /// Writes work, but the engine has stopped work in the background.
  void ailing(std::string text);
  void good();
  void stop();

  /// Nothing while writes work.
  std::optional<maildrop::Error> failure() const;

  /// Waits until something is wrong and tells what; nothing when stopped.
  std::optional<std::string> wait_for_trouble();
  /// False when stopped before the time was over.
  bool pause(std::chrono::milliseconds time);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<maildrop::Error> failure_;
  std::optional<std::string> trouble_;
  bool stopped_ = false;
};

}  // namespace fermo::rocks
