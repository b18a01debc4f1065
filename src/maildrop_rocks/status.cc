#include "maildrop_rocks/status.h"

#include <rocksdb/status.h>

namespace fermo::rocks {

using maildrop::Error;

Error error_of(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return Error::out_of_space;
  if (status.IsCorruption()) return Error::corrupt;
  if (status.IsNotSupported()) return Error::unsupported;
  return Error::unavailable;
}

Error commit_error_of(const rocksdb::Status& status) {
  // RocksDB has no code of its own for this: see PosixWritableFile::Sync for the text.
  const bool syncing = status.ToString().find("While fdatasync") != std::string::npos;
  return status.IsNoSpace() && !syncing ? Error::out_of_space : Error::unknown;
}

Error refusal_of(const rocksdb::Status& status) {
  return status.IsNoSpace() ? Error::out_of_space : Error::unavailable;
}

bool is_lock_held(const rocksdb::Status& status) {
  // RocksDB has no code of its own for this: see PosixFileSystem::LockFile for the texts.
  const std::string text = status.ToString();
  return status.IsIOError() &&
         (text.find("lock file") != std::string::npos || text.find("lock hold") != std::string::npos);
}

}  // namespace fermo::rocks
