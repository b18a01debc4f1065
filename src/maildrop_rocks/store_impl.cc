#include "maildrop_rocks/store_impl.h"

#include <algorithm>
#include <chrono>

#include "base/limits.h"
#include "maildrop_rocks/checkpoint.h"

namespace fermo::rocks {

using std::chrono::steady_clock;

boost::system::result<std::unique_ptr<RocksMaildrop::Impl>, OpenFailure> RocksMaildrop::Impl::open(
    Settings settings, EngineSettings engine) {
  std::unique_ptr<Impl> impl(new Impl(std::move(settings), std::move(engine)));
  auto store = OpenStore::open(impl->engine_settings_);
  if (store.has_error()) return store.error();
  remove_left_checkpoints((*store)->engine(), impl->settings_.log);
  impl->arrivals_.emplace(*impl->settings_.clock, impl->settings_.node, (*store)->last_arrival());
  impl->adopt(std::move(*store));
  impl->keeper_ = std::thread([raw = impl.get()] { raw->keep_writable(); });
  return impl;
}

RocksMaildrop::Impl::~Impl() {
  engine_settings_.health->stop();
  if (keeper_.joinable()) keeper_.join();
}

std::shared_ptr<OpenStore> RocksMaildrop::Impl::current() const {
  const std::lock_guard lock(mutex_);
  return store_;
}

void RocksMaildrop::Impl::adopt(std::unique_ptr<OpenStore> store) {
  auto closed = std::make_shared<std::promise<void>>();
  const std::lock_guard lock(mutex_);
  closed_ = closed->get_future();
  store_ = std::shared_ptr<OpenStore>(store.release(), [closed](OpenStore* last) {
    delete last;
    closed->set_value();
  });
}

void RocksMaildrop::Impl::keep_writable() {
  constexpr auto wait_max = limits::store_recovery_wait_max;
  Health& health = *engine_settings_.health;
  std::chrono::milliseconds wait = limits::store_recovery_wait_min;
  steady_clock::time_point good_since = steady_clock::now();
  while (const auto trouble = health.wait_for_trouble()) {
    // Trouble that comes back at once is not to be hammered at: every opening anew ends all sessions.
    if (steady_clock::now() - good_since > wait_max) wait = limits::store_recovery_wait_min;
    say(Severity::error, "the store in " + settings_.path.string() + " has trouble with its disk (" + *trouble +
                             "); what it cannot keep it refuses, and it goes on trying");
    do {
      if (!health.pause(wait)) return;
      wait = std::min<std::chrono::milliseconds>(2 * wait, wait_max);
    } while (!put_right());
    health.good();
    good_since = steady_clock::now();
    say(Severity::info, "the store in " + settings_.path.string() + " takes mail again");
  }
}

// Not DB::Resume(): after a failed write with nothing in the memtables it goes on with the same log file, whose writer
// then aborts the process at the next write (Debian's RocksDB has its assertions on).
bool RocksMaildrop::Impl::put_right() {
  if (const auto store = current(); store && !store->engine().disk_takes_writes()) return false;
  return reopen();
}

bool RocksMaildrop::Impl::reopen() {
  {
    std::shared_ptr<OpenStore> last;
    const std::lock_guard lock(mutex_);
    last.swap(store_);
  }
  if (closed_.valid()) closed_.get();
  engine_settings_.health->good();
  auto store = OpenStore::open(engine_settings_);
  if (store.has_error()) {
    engine_settings_.health->failing(maildrop::Error::unavailable, store.error().text);
    say(Severity::error, store.error().text);
    return false;
  }
  adopt(std::move(*store));
  return true;
}

Result<std::unique_ptr<maildrop::Checkpoint>> RocksMaildrop::Impl::take_checkpoint() {
  const auto store = current();
  if (!store) return maildrop::Error::unavailable;
  return rocks::take_checkpoint(store->engine(), arrivals_->next(), settings_.log);
}

void RocksMaildrop::Impl::say(Severity severity, const std::string& text) const {
  if (settings_.log) settings_.log(severity, text);
}

}  // namespace fermo::rocks
