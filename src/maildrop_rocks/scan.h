#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "maildrop_rocks/engine.h"

namespace rocksdb {
class Iterator;
class Slice;
}  // namespace rocksdb

namespace fermo::rocks {

/// The rows of a table from one key to before another, in order. Used by one thread at a time.
///
///   Scan scan(engine, Table::index, from, to);
///   while (scan.next()) use(scan.key(), scan.value());
///   if (scan.status().has_error()) …   // not looking would take a damaged table for a short one
class Scan {
 public:
  /// An empty `to` is the end of the table. `snapshot` may be null.
  Scan(const Engine& engine, Table table, std::string from, std::string to,
       const rocksdb::Snapshot* snapshot = nullptr);
  ~Scan();
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  bool next();
  std::string_view key() const;
  std::string_view value() const;
  /// Once next() was false: whether that was the end. Errors: corrupt, unavailable.
  Result<void> status() const;

 private:
  const std::string from_;
  const std::string to_;
  std::unique_ptr<rocksdb::Slice> upper_bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool begun_ = false;
};

}  // namespace fermo::rocks
