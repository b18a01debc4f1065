#include "maildrop_rocks/background_listener.h"

#include <rocksdb/listener.h>

#include "maildrop_rocks/status.h"

namespace fermo::rocks {
namespace {

class BackgroundListener final : public rocksdb::EventListener {
 public:
  explicit BackgroundListener(std::shared_ptr<Health> health) : health_(std::move(health)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status* status) override {
    if (status->severity() < rocksdb::Status::Severity::kHardError) return health_->ailing(status->ToString());
    health_->failing(refusal_of(*status), status->ToString());
  }

  /// When space is found again RocksDB would go on by itself, which is as bad as DB::Resume (RocksMaildrop::Impl).
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*status*/,
                            bool* recovers) override {
    *recovers = false;
  }

 private:
  std::shared_ptr<Health> health_;
};

}  // namespace

std::shared_ptr<rocksdb::EventListener> background_listener(std::shared_ptr<Health> health) {
  return std::make_shared<BackgroundListener>(std::move(health));
}

}  // namespace fermo::rocks
