#include "maildrop_rocks/batch.h"

#include <rocksdb/status.h>
#include <rocksdb/write_batch.h>

#include "base/check.h"
#include "maildrop_rocks/wal_check.h"

namespace fermo::rocks {

Batch::Batch(const Engine& engine) : engine_(engine), rows_(std::make_unique<rocksdb::WriteBatch>()) {}
Batch::~Batch() = default;

// Without a limit on the batch, and with a table of this database, none of these can fail.
void Batch::put(Table table, std::string_view key, std::string_view value) {
  FERMO_CHECK(rows_->Put(engine_.table(table), key, value).ok());
}

void Batch::erase(Table table, std::string_view key) {
  FERMO_CHECK(rows_->Delete(engine_.table(table), key).ok());
}

void Batch::merge(Table table, std::string_view key, std::string_view value) {
  FERMO_CHECK(rows_->Merge(engine_.table(table), key, value).ok());
}

void Batch::attest(std::uint64_t synced_sequence, LogMark mark) {
  const std::string text = attestation(synced_sequence, mark);
  FERMO_CHECK(rows_->PutLogData(text).ok());
}

std::uint64_t Batch::last_sequence() const {
  return first_sequence_of(*rows_) + rows_->Count() - 1;
}

std::size_t Batch::octets() const {
  return rows_->GetDataSize();
}

}  // namespace fermo::rocks
