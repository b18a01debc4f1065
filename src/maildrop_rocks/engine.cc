#include "maildrop_rocks/engine.h"

#include <algorithm>

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/snapshot.h>

#include "maildrop_rocks/batch.h"
#include "maildrop_rocks/status.h"

namespace fermo::rocks {

using maildrop::Error;

/// A new manifest and log with room to spare.
constexpr std::size_t probe_octets = std::size_t{1} << 20;

Engine::~Engine() {
  if (!database_) return;
  // Sessions that outlive a reopening find their engine gone; what they held is let go here.
  for (const rocksdb::Snapshot* snapshot : snapshots_) database_->ReleaseSnapshot(snapshot);
  // What was closed in order is then safe from whatever happens to the log. Where a test has the work in the background
  // done by this very thread, nobody would do it.
  if (!settings_.health->failure() && settings_.env == nullptr) flush_if_there_is_room();
  for (rocksdb::ColumnFamilyHandle* table : tables_) database_->DestroyColumnFamilyHandle(table);
  const rocksdb::Status closed = database_->Close();
  if (!closed.ok() && settings_.log) settings_.log(Severity::warning, "closing the store: " + closed.ToString());
}

Result<void> Engine::write(Batch& batch, Durability durability) {
  if (const auto failure = settings_.health->failure()) return *failure;
  {
    const std::lock_guard lock(mutex_);
    batch.attest(synced_sequence_, log_mark_);
  }
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::synced && settings_.synced;
  const rocksdb::Status status = database_->Write(options, &batch.rows());
  if (!status.ok()) {
    settings_.health->failing(refusal_of(status), status.ToString());
    return durability == Durability::synced ? commit_error_of(status) : refusal_of(status);
  }
  // Whatever stands before this batch in the log is on the disk once this batch is.
  if (durability == Durability::synced) note_synced(batch.last_sequence());
  return {};
}

void Engine::note_synced(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  synced_sequence_ = std::max(synced_sequence_, sequence);
}

Result<void> Engine::sync_log() {
  if (const auto failure = settings_.health->failure()) return *failure;
  const std::uint64_t written = database_->GetLatestSequenceNumber();
  const rocksdb::Status status = database_->SyncWAL();
  if (status.ok()) {
    note_synced(written);
    return {};
  }
  settings_.health->failing(refusal_of(status), status.ToString());
  return refusal_of(status);
}

Result<std::optional<std::string>> Engine::get(Table from, std::string_view key,
                                               const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status = database_->Get(options, table(from), key, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return error_of(status);
  return std::optional(std::move(value));
}

const rocksdb::Snapshot* Engine::take_snapshot() {
  const rocksdb::Snapshot* snapshot = database_->GetSnapshot();
  const std::lock_guard lock(mutex_);
  snapshots_.insert(snapshot);
  return snapshot;
}

void Engine::release_snapshot(const rocksdb::Snapshot* snapshot) {
  {
    const std::lock_guard lock(mutex_);
    snapshots_.erase(snapshot);
  }
  database_->ReleaseSnapshot(snapshot);
}

Result<std::uint64_t> Engine::free_octets() const {
  std::uint64_t octets = 0;
  const rocksdb::IOStatus status =
      settings_.file_system->GetFreeSpace(settings_.path.string(), rocksdb::IOOptions(), &octets, nullptr);
  if (!status.ok()) return Error::unavailable;
  return octets;
}

Result<void> Engine::room_for_mail() const {
  const auto free = free_octets();
  if (free.has_error()) return free.error();
  if (*free < settings_.free_octets_min) return Error::out_of_space;
  return {};
}

std::uint64_t Engine::unflushed_octets() const {
  std::uint64_t octets = 0;
  database_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &octets);
  return octets;
}

std::uint64_t Engine::octets_of_a_flush() const {
  return unflushed_octets() + probe_octets;
}

/// Not as much as is kept free from mail: deletions are to work again with less.
bool Engine::disk_takes_writes() const {
  const auto free = free_octets();
  if (free.has_error() || *free < std::min(settings_.free_octets_min, octets_of_a_flush())) return false;
  rocksdb::FileSystem& files = *settings_.file_system;
  const std::string path = (settings_.path / "probe.tmp").string();
  const std::string octets(probe_octets, '\0');
  const bool written = rocksdb::WriteStringToFile(&files, octets, path, /*should_sync=*/true).ok();
  return files.DeleteFile(path, rocksdb::IOOptions(), nullptr).ok() && written;
}

void Engine::flush(bool waits) {
  const std::vector<rocksdb::ColumnFamilyHandle*> all(tables_.begin(), tables_.end());
  rocksdb::FlushOptions options;
  options.wait = waits;
  options.allow_write_stall = true;  // or it waits for as long as compactions take
  const rocksdb::Status status = database_->Flush(options, all);
  if (!status.ok() && settings_.log) settings_.log(Severity::warning, "flushing the store: " + status.ToString());
}

void Engine::flush_if_there_is_room() {
  if (const auto free = free_octets(); !free.has_error() && *free >= octets_of_a_flush()) flush();
}

void Engine::compact() {
  for (rocksdb::ColumnFamilyHandle* table : tables_) {
    const rocksdb::Status status = database_->CompactRange(rocksdb::CompactRangeOptions(), table, nullptr, nullptr);
    if (!status.ok() && settings_.log) settings_.log(Severity::warning, "compacting the store: " + status.ToString());
  }
}

}  // namespace fermo::rocks
