#include <algorithm>

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include "maildrop_rocks/background_listener.h"
#include "maildrop_rocks/engine.h"
#include "maildrop_rocks/log_judgement.h"
#include "maildrop_rocks/rocks_options.h"
#include "maildrop_rocks/status.h"
#include "maildrop_rocks/store_folder.h"
#include "maildrop_rocks/wal_check.h"

namespace fermo::rocks {

using maildrop::Error;
using rocksdb::WALRecoveryMode;

/// Opens one database, once.
class EngineOpener {
 public:
  explicit EngineOpener(const EngineSettings& settings) : path_(settings.path.string()), engine_(new Engine) {
    engine_->settings_ = settings;
    EngineSettings& used = engine_->settings_;
    if (used.env) used.file_system = used.env->GetFileSystem();
    if (!used.file_system) used.file_system = rocksdb::FileSystem::Default();
    file_system_ = used.file_system;
    if (!used.env) engine_->own_env_ = rocksdb::NewCompositeEnv(file_system_);
  }

  Engine::Opened open() {
    if (auto status = prepare_folder(); !status.ok()) return failure(status);
    std::string torn;
    if (auto refused = look(torn)) return *refused;
    rocksdb::Status status = torn.empty() ? open_for_writing(WALRecoveryMode::kTolerateCorruptedTailRecords)
                                          : open_for_writing(WALRecoveryMode::kPointInTimeRecovery);
    if (status.IsCorruption() && settings().recover_up_to_damage) {
      torn = status.ToString();
      status = open_for_writing(WALRecoveryMode::kPointInTimeRecovery);
    }
    if (status.ok() && !torn.empty()) {
      say("dropped the torn end of the log of the store in " + path_ + " (" + torn + ")");
    }
    if (!status.ok()) return failure(status);
    return std::move(engine_);
  }

 private:
  const EngineSettings& settings() const { return engine_->settings_; }
  rocksdb::Env& env() const { return settings().env ? *settings().env : *engine_->own_env_; }

  /// RocksDB makes the folder, but leaves its entry in the parent to chance.
  rocksdb::Status prepare_folder() {
    const rocksdb::IOOptions options;
    rocksdb::IOStatus status = file_system_->CreateDirIfMissing(path_, options, nullptr);
    if (!status.ok()) return status;
    const std::filesystem::path parent = settings().path.lexically_normal().parent_path();
    std::unique_ptr<rocksdb::FSDirectory> directory;
    status = file_system_->NewDirectory(parent.empty() ? "." : parent.string(), options, &directory, nullptr);
    // A parent that may be passed through but not read cannot be synced; then the folder was made by somebody else.
    if (!status.ok()) return rocksdb::Status::OK();
    return directory->Fsync(options, nullptr);
  }

  /// Whether there is a store that can be opened, or room for a new one, before anything is changed. `torn` says where
  /// its log ends torn, if it does. What another process is changing at that moment might look damaged: so it is kept
  /// out.
  std::optional<OpenFailure> look(std::string& torn) {
    rocksdb::FileLock* lock = nullptr;
    const rocksdb::IOOptions options;
    const rocksdb::Status locked = file_system_->LockFile(path_ + "/LOCK", options, &lock, nullptr);
    if (is_lock_held(locked)) return failure(locked);
    auto refused = look_at_what_lies_there(torn);
    if (lock != nullptr) file_system_->UnlockFile(lock, options, nullptr).PermitUncheckedError();
    return refused;
  }

  std::optional<OpenFailure> look_at_what_lies_there(std::string& torn) {
    if (auto status = examine_folder(*file_system_, path_, folder_); !status.ok()) return failure(status);
    if (!folder_.damage.empty()) return damaged_folder();
    if (auto unknown = unknown_table()) return not_ours(*unknown);
    if (settings().recover_up_to_damage) return std::nullopt;
    // Whatever else is wrong, RocksDB says it again.
    const rocksdb::Status judged = judge_log(settings(), env(), torn);
    if (judged.IsCorruption()) return damaged_log(judged.ToString());
    return std::nullopt;
  }

  std::optional<std::string> unknown_table() {
    std::vector<std::string> names;
    const rocksdb::DBOptions options = database_options(settings(), env());
    if (!rocksdb::DB::ListColumnFamilies(options, path_, &names).ok()) return std::nullopt;  // new, or open() tells
    const auto unknown = std::ranges::find_if(
        names, [](const std::string& name) { return std::ranges::find(table_names, name) == table_names.end(); });
    if (unknown == names.end()) return std::nullopt;
    return *unknown;
  }

  rocksdb::Status open_for_writing(WALRecoveryMode mode) {
    WalCheck check(WalCheck::Mode::continuity, file_system_);
    rocksdb::DBOptions options = database_options(settings(), env());
    options.create_if_missing = folder_.is_new;
    options.wal_recovery_mode = mode;
    options.wal_filter = check.filter();
    options.listeners.push_back(background_listener(settings().health));
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* database = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::Open(options, path_, table_descriptors(settings()), &handles, &database);
    if (!status.ok()) return status;
    engine_->database_.reset(database);
    std::ranges::copy(handles, engine_->tables_.begin());
    return status;
  }

  OpenFailure not_ours(const std::string& table) const {
    return {Error::unsupported, false,
            "The store in " + path_ + " holds a table \"" + table +
                "\" that this version of Fermo does not know. Use the version that wrote it, or a newer one, or name "
                "another "
                "folder."};
  }

  OpenFailure damaged_folder() const {
    return {Error::corrupt, false, "The store in " + path_ + " is damaged: " + folder_.damage + "."};
  }

  OpenFailure damaged_log(const std::string& why) const {
    return {Error::corrupt, false,
            "The log of the store in " + path_ + " is damaged where it holds mail that was acknowledged (" + why +
                "). Nothing was changed. Check the disk and restore the folder from a backup."};
  }

  OpenFailure failure(const rocksdb::Status& status) const {
    if (is_lock_held(status)) {
      return {Error::unavailable, true,
              "The store in " + path_ + " is open in another process. Stop that one, or work through it."};
    }
    if (status.IsNoSpace()) {
      return {Error::out_of_space, false,
              "The store in " + path_ + " cannot be opened: its disk is full. Make room on it."};
    }
    if (status.IsCorruption()) {
      return {Error::corrupt, false,
              "The store in " + path_ + " is damaged (" + status.ToString() +
                  "). Check the disk and restore the folder from a backup."};
    }
    return {error_of(status), false,
            "The store in " + path_ + " cannot be opened (" + status.ToString() +
                "). Check that the folder and everything in it belong to the user that runs Fermo, and that the disk "
                "can be "
                "written to."};
  }

  void say(const std::string& text) const {
    if (settings().log) settings().log(Severity::warning, text);
  }

  const std::string path_;
  std::unique_ptr<Engine> engine_;
  StoreFolder folder_;
  std::shared_ptr<rocksdb::FileSystem> file_system_;
};

Engine::Opened Engine::open(const EngineSettings& settings) {
  return EngineOpener(settings).open();
}

}  // namespace fermo::rocks
