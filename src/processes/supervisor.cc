#include "processes/supervisor.h"

#include <utility>

#include "base/limits.h"

namespace fermo::processes {

/// The watcher starts each process, the first too: a process is killed when the thread that started it ends.
bool Supervisor::start() {
  watcher_ = std::thread([this] { watch(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return first_.has_value(); });
  return *first_;
}

Result<std::shared_ptr<Supervisor::Running>> Supervisor::begin() const {
  if (!role_.socket.empty()) {
    auto notes = connect_notes(role_.socket);
    if (!notes) return notes.error();
    auto child = Child::behind(*notes, role_.kept);
    if (!child) return child.error();
    return std::make_shared<Running>(Running{std::move(*child), std::move(*notes)});
  }
  auto pair = make_pair(false);
  if (!pair) return pair.error();
  auto child = Child::start(role_.arguments, pair->second, role_.kept, role_.identity);
  if (!child) return child.error();
  return std::make_shared<Running>(Running{std::move(*child), NoteSocket(std::move(pair->first))});
}

/// False: it did not become ready, and has been reaped.
bool Supervisor::start_process() {
  pause_.started(RestartPause::Clock::now());
  auto begun = begin();
  if (!begun) {
    role_.report("could not be started: " + begun.error().message());
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    running_ = std::move(*begun);
    if (ending_) running_->child.kill();
  }
  if (role_.equip(*this)) return true;
  current()->child.kill();
  await_end_of_process();
  return false;
}

void Supervisor::watch() {
  bool started = start_process();
  {
    const std::lock_guard lock(mutex_);
    first_ = started;
  }
  changed_.notify_all();
  if (!started) return;
  while (true) {
    if (started) await_end_of_process();
    if (!wait_before_restart()) return;
    started = start_process();
  }
}

void Supervisor::await_end_of_process() {
  const auto ended = current();
  ended->child.await_end();
  bool expected = false;
  std::optional<int> status;
  {
    const std::lock_guard lock(mutex_);
    status = ended->child.reap();
    running_.reset();
    expected = ending_;
  }
  ended->notes.shutdown();
  changed_.notify_all();
  if (!expected) role_.report(end_text(status));
}

bool Supervisor::wait_before_restart() {
  const auto pause = pause_.ended(RestartPause::Clock::now());
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, pause, [this] { return ending_; });
}

std::shared_ptr<Supervisor::Running> Supervisor::current() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

bool Supervisor::send(std::uint8_t kind, std::string_view payload, const std::vector<Descriptor>& descriptors) {
  const auto process = current();
  return process && process->notes.send(kind, payload, descriptors);
}

std::optional<Note> Supervisor::receive() {
  const auto process = current();
  if (!process) return std::nullopt;
  return process->notes.receive();
}

bool Supervisor::has_something(std::chrono::milliseconds time_max) {
  const auto process = current();
  return !process || process->notes.has_something(time_max);
}

void Supervisor::kill() {
  const std::lock_guard lock(mutex_);  // until then it is not reaped, and its number is nobody else's
  if (running_) running_->child.kill();
}

bool Supervisor::running() const {
  return current() != nullptr;
}

std::optional<pid_t> Supervisor::pid() const {
  const std::lock_guard lock(mutex_);
  if (!running_ || running_->child.pid() < 0) return std::nullopt;
  return running_->child.pid();
}

void Supervisor::expect_end() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  changed_.notify_all();
}

void Supervisor::await_expected_end() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ending_; });
}

bool Supervisor::has_ended(std::chrono::milliseconds time_max) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time_max, [this] { return ending_ && running_ == nullptr; });
}

bool Supervisor::stop() {
  expect_end();
  if (const auto process = current()) process->notes.end();
  const bool by_itself = has_ended(limits::process_end_time_max);
  if (!by_itself) kill();
  if (watcher_.joinable()) watcher_.join();
  return by_itself;
}

}  // namespace fermo::processes
