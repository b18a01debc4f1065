#pragma once

#include <memory>

namespace rocksdb {
class MergeOperator;
}

namespace fermo::rocks {

/// For `drops`: adds a DropChange to the counters, so that deliveries need neither a lock nor a read.
std::shared_ptr<rocksdb::MergeOperator> drop_change_merge();

/// For `meta`: keeps the greatest value, so that deliveries may note the last arrival in any order.
std::shared_ptr<rocksdb::MergeOperator> greatest_merge();

}  // namespace fermo::rocks
