#include "server/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/limits.h"

namespace fermo::server {

/// Outlives the writer when the thread hangs in write(2), as it may for ever.
class LogWriter::Work {
 public:
  Work(int descriptor, std::size_t octets_max, Notice notice)
      : descriptor_(descriptor), octets_max_(octets_max), notice_(std::move(notice)) {}

  void put(std::string line) {
    {
      const std::lock_guard lock(mutex_);
      if (works_ && lost_ > 0 && has_room(line)) add_notice();
      if (has_room(line)) {
        add({std::move(line), 1});
      } else {
        ++lost_;
      }
    }
    changed_.notify_all();
  }

  bool flush(std::chrono::milliseconds time_max) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time_max, [this] { return is_done(); });
  }

  void end() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ending_ || !is_done(); });
      if (is_done()) return;
      if (entries_.empty()) add_notice();
      const Entry entry = std::move(entries_.front());
      entries_.pop_front();
      writing_ = true;
      lock.unlock();
      const int error = write(entry.text);
      lock.lock();
      writing_ = false;
      octets_ -= entry.text.size();
      note(entry, error);
      changed_.notify_all();
    }
  }

 private:
  struct Entry {
    std::string text;
    std::size_t lines;  ///< That are lost when it cannot be written.
  };

  bool has_room(const std::string& line) const { return octets_ + line.size() <= octets_max_; }
  /// While nothing can be written, what is lost is not told either: it would be tried without end.
  bool is_done() const { return entries_.empty() && !writing_ && (lost_ == 0 || !works_); }

  void add(Entry entry) {
    octets_ += entry.text.size();
    entries_.push_back(std::move(entry));
  }

  void add_notice() {
    const std::size_t lines = std::exchange(lost_, 0);
    add({notice_(lines, std::exchange(error_, 0)), lines});
  }

  void note(const Entry& entry, int error) {
    works_ = error == 0;
    if (works_) return;
    lost_ += entry.lines;
    error_ = error;
  }

  /// 0, or why it could not be. Others may have set O_NONBLOCK.
  int write(std::string_view text) {
    const std::string after_torn = torn_ ? "\n" + std::string(text) : std::string();
    if (torn_) text = after_torn;
    while (!text.empty()) {
      const ssize_t octets = ::write(descriptor_, text.data(), text.size());
      if (octets >= 0) {
        text.remove_prefix(static_cast<std::size_t>(octets));
        torn_ = !text.empty();
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        ::pollfd room{descriptor_, POLLOUT, 0};
        ::poll(&room, 1, -1);
      } else if (errno != EINTR) {
        return errno;
      }
    }
    return 0;
  }

  const int descriptor_;
  const std::size_t octets_max_;
  const Notice notice_;
  bool torn_ = false;  ///< A part of a line stands at the end; of the thread alone.

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> entries_;
  std::size_t octets_ = 0;  ///< Of what waits, and of what is being written.
  std::size_t lost_ = 0;
  int error_ = 0;
  bool works_ = true;  ///< The last write did.
  bool writing_ = false;
  bool ending_ = false;
};

LogWriter::LogWriter(int descriptor, std::size_t octets_max, Notice notice)
    : work_(std::make_shared<Work>(descriptor, octets_max, std::move(notice))),
      thread_([work = work_] { work->run(); }) {}

LogWriter::~LogWriter() {
  const bool written = work_->flush(limits::log_flush_time_max);
  work_->end();
  if (written) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void LogWriter::put(std::string line) {
  work_->put(std::move(line));
}

bool LogWriter::flush(std::chrono::milliseconds time_max) {
  return work_->flush(time_max);
}

}  // namespace fermo::server
