#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "base/ids.h"
#include "maildrop_rocks/batch.h"
#include "maildrop_rocks/engine.h"
#include "maildrop_rocks/keys.h"
#include "maildrop_rocks/records.h"
#include "maildrop_rocks/striped_mutexes.h"

namespace fermo::rocks {

/// An opened database with what must be known about it in memory. Sessions and deliveries hold it weakly: when the disk
/// has failed so badly that the database must be opened anew, they find it gone. Thread-safe.
class OpenStore {
 public:
  using Opened = boost::system::result<std::unique_ptr<OpenStore>, OpenFailure>;
  static Opened open(const EngineSettings& settings);

  Engine& engine() { return *engine_; }
  /// The greatest arrival that was on the disk when the database was opened.
  mail::ArrivalId last_arrival() const { return last_arrival_; }

  /// Nothing for a drop that never had a message. Errors: unavailable, corrupt.
  Result<std::optional<DropRecord>> find_drop(const DropId& drop, const rocksdb::Snapshot* snapshot = nullptr);
  /// Makes the drop when there is none yet. Errors: as Engine::write, unavailable, corrupt.
  Result<DropNumber> drop_number(const DropId& drop);

  /// Held while the unique-ids of a drop are looked up and added to, and while messages of it are deleted. Before any
  /// body's.
  StripedMutexes::Locks lock_drops(std::vector<std::uint64_t> drops) { return drop_locks_.lock(std::move(drops)); }
  /// Held from looking at who shares a body until one of them has gone.
  StripedMutexes::Locks lock_bodies(const std::set<BodyId>& bodies);

  /// A body that is being written; reclaim() leaves it alone until end_body().
  void begin_body(const BodyId& body);
  void end_body(const BodyId& body);
  bool is_being_written(const BodyId& body);

  /// Removes what was written of a body that no message refers to.
  Result<void> remove_unfinished(const BodyId& body);
  /// Removes all of those; how many. Errors: as Engine::write, corrupt.
  Result<std::uint64_t> reclaim();

 private:
  explicit OpenStore(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  Result<void> load_meta();
  Result<void> check_format();
  Result<void> load_log_mark(LogMark drawn);
  Result<DropNumber> make_drop(const DropId& drop);

  std::unique_ptr<Engine> engine_;
  mail::ArrivalId last_arrival_;
  StripedMutexes drop_locks_;
  StripedMutexes body_locks_;
  std::mutex mutex_;
  DropNumber next_drop_ = 1;
  std::set<BodyId> being_written_;
};

/// The greatest arrival given out so far, into the batch that makes it matter.
void note_arrival(Batch& batch, const mail::ArrivalId& arrival);

/// One moment of the database, held for a session. Thread-safe.
class Pin {
 public:
  explicit Pin(const std::shared_ptr<OpenStore>& store);
  ~Pin();
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

  /// Null once the database has been closed.
  std::shared_ptr<OpenStore> store() const { return store_.lock(); }
  /// Only while store() is held.
  const rocksdb::Snapshot* snapshot() const { return snapshot_; }

 private:
  std::weak_ptr<OpenStore> store_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace fermo::rocks
