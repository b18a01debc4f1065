#pragma once

#include "maildrop/error.h"

namespace rocksdb {
class Status;
}

namespace fermo::rocks {

/// What a failed call of the engine means to the caller of the store.
maildrop::Error error_of(const rocksdb::Status& status);

/// The same for a write that should have become durable. A write error may hide that the octets got there, so what
/// cannot be told apart is unknown. A disk that is full takes a part of the batch at most, which is thrown away before
/// anything else is written; but when only syncing finds it full, all of the batch may get there.
maildrop::Error commit_error_of(const rocksdb::Status& status);

/// What writes are refused with after `status` has stopped the engine: temporary, for it is being put right.
maildrop::Error refusal_of(const rocksdb::Status& status);

/// Another process, or another part of this one, has the database open.
bool is_lock_held(const rocksdb::Status& status);

}  // namespace fermo::rocks
