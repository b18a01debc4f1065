#include "maildrop_rocks/checkpoint.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/utilities/checkpoint.h>

#include "maildrop_rocks/status.h"

namespace fermo::rocks {
namespace {

constexpr std::string_view prefix = "checkpoint-";
/// RocksDB counts the octets of the log that it would rather write to tables first. It knows nothing of the room on the
/// disk, and by then it holds on to the logs that are no longer needed, and reads them.
constexpr std::uint64_t never_flush = std::numeric_limits<std::uint64_t>::max();

using Files = std::shared_ptr<rocksdb::FileSystem>;

void warn(const Log& log, const std::string& text, const rocksdb::Status& status) {
  if (log) log(Severity::warning, text + ": " + status.ToString());
}

/// There are no folders in it.
rocksdb::Status remove_folder(rocksdb::FileSystem& files, const std::string& path) {
  const rocksdb::IOOptions options;
  std::vector<std::string> names;
  rocksdb::Status status = files.GetChildren(path, options, &names, nullptr);
  for (const std::string& name : names) {
    if (status.ok()) status = files.DeleteFile(path + "/" + name, options, nullptr);
  }
  return status.ok() ? files.DeleteDir(path, options, nullptr) : status;
}

class RocksCheckpoint final : public maildrop::Checkpoint {
 public:
  RocksCheckpoint(Files files, std::string store, std::string name, Log log)
      : files_(std::move(files)), path_(std::move(store) + "/" + name), name_(std::move(name)), log_(std::move(log)) {}
  RocksCheckpoint(const RocksCheckpoint&) = delete;
  RocksCheckpoint& operator=(const RocksCheckpoint&) = delete;
  ~RocksCheckpoint() override {
    if (const auto status = remove_folder(*files_, path_); !status.ok()) {
      warn(log_, "the next start of the store removes " + path_ + ", which cannot be removed now", status);
    }
  }

  const std::string& name() const override { return name_; }

 private:
  const Files files_;
  const std::string path_;
  const std::string name_;
  const Log log_;
};

rocksdb::Status create(rocksdb::DB& database, const std::string& path) {
  rocksdb::Checkpoint* made = nullptr;
  const rocksdb::Status status = rocksdb::Checkpoint::Create(&database, &made);
  if (!status.ok()) return status;
  return std::unique_ptr<rocksdb::Checkpoint>(made)->CreateCheckpoint(path, never_flush);
}

}  // namespace

Result<std::unique_ptr<maildrop::Checkpoint>> take_checkpoint(Engine& engine, const mail::ArrivalId& id,
                                                              const Log& log) {
  const std::string name = std::string(prefix) + id.unique_id().text();
  // The octets of the log on the disk may have gone bad since they were written, which nobody sees before they are
  // read. In memory is all of it.
  engine.flush_if_there_is_room();
  // The log is copied as far as it can be read; only what is on the disk is sure to be of whole batches.
  if (const auto synced = engine.sync_log(); synced.has_error()) return synced.error();
  rocksdb::DB& database = engine.database();
  if (const auto status = create(database, database.GetName() + "/" + name); !status.ok()) {
    warn(log, "no checkpoint of the store in " + database.GetName() + " can be taken", status);
    return error_of(status);
  }
  return std::make_unique<RocksCheckpoint>(database.GetEnv()->GetFileSystem(), database.GetName(), name, log);
}

void remove_left_checkpoints(Engine& engine, const Log& log) {
  const rocksdb::DB& database = engine.database();
  const Files files = database.GetEnv()->GetFileSystem();
  std::vector<std::string> names;
  rocksdb::Status status = files->GetChildren(database.GetName(), rocksdb::IOOptions(), &names, nullptr);
  for (const std::string& name : names) {
    // RocksDB gives them their names when they are whole; before, they have another ending.
    if (status.ok() && name.starts_with(prefix)) status = remove_folder(*files, database.GetName() + "/" + name);
  }
  if (!status.ok()) warn(log, "what a backup left in " + database.GetName() + " cannot be removed", status);
}

}  // namespace fermo::rocks
