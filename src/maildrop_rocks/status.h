#pragma once

#include "maildrop/error.h"

namespace rocksdb {
class Status;
}

namespace fermo::rocks {

/// What a failed call of the engine means to the caller of the store.
maildrop::Error error_of(const rocksdb::Status& status);

/// The same for a write that should have become durable. A write error may hide that the octets got there, so what
/// cannot be told apart is unknown. After out_of_space the engine throws the torn write away before it writes again.
maildrop::Error commit_error_of(const rocksdb::Status& status);

/// What writes are refused with after `status` has stopped the engine: temporary, for it is being put right.
maildrop::Error refusal_of(const rocksdb::Status& status);

/// Resuming does not help any more; the database must be opened anew.
bool needs_reopening(const rocksdb::Status& status);

/// Another process, or another part of this one, has the database open.
bool is_lock_held(const rocksdb::Status& status);

}  // namespace fermo::rocks
