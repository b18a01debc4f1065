#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "maildrop_rocks/attestation.h"
#include "maildrop_rocks/health.h"
#include "maildrop_rocks/rocks_maildrop.h"
#include "maildrop_rocks/table.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class FileSystem;
class Snapshot;
class WriteBatch;
}  // namespace rocksdb

namespace fermo::rocks {

class Batch;

struct EngineSettings {
  std::filesystem::path path;
  std::size_t cache_octets = 0;
  std::size_t write_buffer_octets = 0;
  bool recover_up_to_damage = false;
  std::uint64_t free_octets_min = 0;
  /// What the files lie on; a test puts a failing one here.
  std::shared_ptr<rocksdb::FileSystem> file_system;
  /// False only where a test shows that it notices.
  bool synced = true;
  /// Null, or a test's own, with its own file system: it decides when the work in the background is done.
  rocksdb::Env* env = nullptr;
  /// The folder is only read: what the engine has to say to people is not written to it either.
  bool only_read = false;
  std::shared_ptr<Health> health;
  Log log;
};

/// RocksDB as the store uses it: one opened database. Thread-safe. All that knows RocksDB's classes is here, in Batch
/// and in Scan.
class Engine {
 public:
  using Opened = boost::system::result<std::unique_ptr<Engine>, OpenFailure>;
  static Opened open(const EngineSettings& settings);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  enum class Durability {
    with_the_next_synced,  ///< On the disk when a later write is that was synced.
    synced,                ///< On the disk on return.
  };
  /// What the attestations of later writes bear; before anything else is written.
  void set_log_mark(LogMark mark) { log_mark_ = mark; }

  /// All of the batch or nothing. Errors: out_of_space, unavailable (nothing was done), unknown (only when synced).
  Result<void> write(Batch& batch, Durability durability);

  /// Everything written so far is on the disk on return. Errors: out_of_space, unavailable.
  Result<void> sync_log();

  /// The value, or nothing. `snapshot` may be null: as it stands now.
  Result<std::optional<std::string>> get(Table table, std::string_view key,
                                         const rocksdb::Snapshot* snapshot = nullptr) const;

  const rocksdb::Snapshot* take_snapshot();
  void release_snapshot(const rocksdb::Snapshot* snapshot);

  /// Whether mail may be taken: the disk has as much free as is to be kept. Errors: out_of_space, unavailable.
  Result<void> room_for_mail() const;

  /// Tries the disk as an opening would: whether there is room for what is only in the log, and a file can be written.
  /// Closing a database that still answers is only worth it then.
  bool disk_takes_writes() const;

  /// Writes what is in memory to tables. `waits`: until it is done; otherwise it is left to the background.
  void flush(bool waits = true);
  /// The same, and waits, if the disk has room for all of it: a disk that fills up meanwhile would stop the engine.
  void flush_if_there_is_room();
  /// Rewrites all tables.
  void compact();

  rocksdb::DB& database() const { return *database_; }
  rocksdb::ColumnFamilyHandle* table(Table table) const { return tables_[static_cast<std::size_t>(table)]; }

 private:
  Engine() = default;

  void note_synced(std::uint64_t sequence);
  Result<std::uint64_t> free_octets() const;
  /// What a flush takes, or an opening that replays the log, with something to spare.
  std::uint64_t octets_of_a_flush() const;
  std::uint64_t unflushed_octets() const;

  EngineSettings settings_;
  std::unique_ptr<rocksdb::Env> own_env_;
  std::unique_ptr<rocksdb::DB> database_;
  std::array<rocksdb::ColumnFamilyHandle*, table_count> tables_{};
  std::mutex mutex_;
  std::set<const rocksdb::Snapshot*> snapshots_;
  std::uint64_t synced_sequence_ = 0;
  LogMark log_mark_ = 0;

  friend class EngineOpener;
};

}  // namespace fermo::rocks
