#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "mail/unique_id.h"
#include "maildrop_rocks/open_store.h"

namespace fermo::rocks {

/// Holds the opened database and, when it stops taking writes, puts it right on a thread of its own.
class RocksMaildrop::Impl {
 public:
  static boost::system::result<std::unique_ptr<Impl>, OpenFailure> open(Settings settings, EngineSettings engine);
  ~Impl();

  /// Null while the database is being opened anew.
  std::shared_ptr<OpenStore> current() const;
  mail::ArrivalIdSource& arrivals() { return *arrivals_; }
  const Settings& settings() const { return settings_; }
  const Health& health() const { return *engine_settings_.health; }

  Result<std::unique_ptr<maildrop::Checkpoint>> take_checkpoint();

 private:
  Impl(Settings settings, EngineSettings engine)
      : settings_(std::move(settings)), engine_settings_(std::move(engine)) {}

  void adopt(std::unique_ptr<OpenStore> store);
  void keep_writable();
  bool put_right();
  bool reopen();
  void say(Severity severity, const std::string& text) const;

  const Settings settings_;
  const EngineSettings engine_settings_;
  std::optional<mail::ArrivalIdSource> arrivals_;
  mutable std::mutex mutex_;
  std::shared_ptr<OpenStore> store_;
  std::future<void> closed_;  ///< Ready when the last user of store_ has let go and the database is closed.
  std::thread keeper_;
};

}  // namespace fermo::rocks
