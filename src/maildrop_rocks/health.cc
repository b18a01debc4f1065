#include "maildrop_rocks/health.h"

namespace fermo::rocks {

void Health::failing(maildrop::Error error, std::string text) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = error;
  if (!trouble_) trouble_ = std::move(text);
  changed_.notify_all();
}

void Health::ailing(std::string text) {
  const std::lock_guard lock(mutex_);
  if (!trouble_) trouble_ = std::move(text);
  changed_.notify_all();
}

void Health::good() {
  const std::lock_guard lock(mutex_);
  failure_.reset();
  trouble_.reset();
}

void Health::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

std::optional<maildrop::Error> Health::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::optional<std::string> Health::wait_for_trouble() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopped_ || trouble_; });
  if (stopped_) return std::nullopt;
  return trouble_;
}

bool Health::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopped_; });
}

}  // namespace fermo::rocks
