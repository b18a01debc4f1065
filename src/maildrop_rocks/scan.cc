#include "maildrop_rocks/scan.h"

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>

#include "maildrop_rocks/status.h"

namespace fermo::rocks {

Scan::Scan(const Engine& engine, Table table, std::string from, std::string to, const rocksdb::Snapshot* snapshot)
    : from_(std::move(from)), to_(std::move(to)), upper_bound_(std::make_unique<rocksdb::Slice>(to_)) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  if (!to_.empty()) options.iterate_upper_bound = upper_bound_.get();
  iterator_.reset(engine.database().NewIterator(options, engine.table(table)));
}

Scan::~Scan() = default;

bool Scan::next() {
  if (begun_) {
    iterator_->Next();
  } else {
    iterator_->Seek(from_);
    begun_ = true;
  }
  return iterator_->Valid();
}

std::string_view Scan::key() const {
  return iterator_->key().ToStringView();
}
std::string_view Scan::value() const {
  return iterator_->value().ToStringView();
}

Result<void> Scan::status() const {
  const rocksdb::Status status = iterator_->status();
  if (!status.ok()) return error_of(status);
  return {};
}

}  // namespace fermo::rocks
