#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "maildrop_rocks/attestation.h"
#include "maildrop_rocks/engine.h"

namespace fermo::rocks {

/// Rows that are written together or not at all. Used by one thread at a time.
class Batch {
 public:
  explicit Batch(const Engine& engine);
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void put(Table table, std::string_view key, std::string_view value);
  void erase(Table table, std::string_view key);
  void merge(Table table, std::string_view key, std::string_view value);
  /// Notes up to where the log is known to be on the disk.
  void attest(std::uint64_t synced_sequence, LogMark mark);
  /// Of a batch that was written: the number of its last row.
  std::uint64_t last_sequence() const;

  std::size_t octets() const;
  rocksdb::WriteBatch& rows() { return *rows_; }

 private:
  const Engine& engine_;
  std::unique_ptr<rocksdb::WriteBatch> rows_;
};

}  // namespace fermo::rocks
