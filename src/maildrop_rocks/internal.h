#pragma once

#include <memory>

#include "maildrop_rocks/rocks_maildrop.h"

namespace rocksdb {
class Env;
class FileSystem;
}  // namespace rocksdb

namespace fermo::rocks {

/// For tests alone: what a program that serves mail has no business with.
struct Internal {
  /// Where the files lie; null for the machine's own.
  std::shared_ptr<rocksdb::FileSystem> file_system;
  /// False: acknowledges what is not on the disk.
  bool synced = true;
  /// Whose files these are, in the place of `file_system`, and who does the work in the background; outlives the store.
  rocksdb::Env* env = nullptr;

  static RocksMaildrop::Opened open(Settings settings, Internal internal);
  /// Writes what is in memory to tables and blob files, and waits for it.
  static void flush(RocksMaildrop& store);
  /// The same without waiting: it is left to the background.
  static void begin_flush(RocksMaildrop& store);
  /// Rewrites all tables, as RocksDB does by itself in the course of time.
  static void compact(RocksMaildrop& store);
};

}  // namespace fermo::rocks
