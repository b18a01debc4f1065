#pragma once

#include <string>

namespace rocksdb {
class FileSystem;
class Status;
}  // namespace rocksdb

namespace fermo::rocks {

/// What lies in the folder of a store.
struct StoreFolder {
  /// Nothing, or what a first opening leaves that was cut off before there was a database.
  bool is_new = false;
  /// Why there is a store that must not be opened, for the operator; empty when there is nothing against it.
  std::string damage;
};

/// Looks before RocksDB does: where the file CURRENT is missing it makes an empty database, and then removes every file
/// that this one does not know, which is all mail. Included by engine sources only.
rocksdb::Status examine_folder(rocksdb::FileSystem& files, const std::string& path, StoreFolder& found);

}  // namespace fermo::rocks
