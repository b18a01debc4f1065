#include "maildrop_rocks/merge_operators.h"

#include <string_view>

#include <rocksdb/merge_operator.h>

#include "maildrop_rocks/records.h"

namespace fermo::rocks {
namespace {

class DropChangeMerge final : public rocksdb::AssociativeMergeOperator {
 public:
  /// Stored with the data: changing it makes every store unreadable.
  const char* Name() const override { return "fermo.drop-change.1"; }

  bool Merge(const rocksdb::Slice& key, const rocksdb::Slice* existing, const rocksdb::Slice& value,
             std::string* merged, rocksdb::Logger* /*logger*/) const override {
    if (existing == nullptr) {
      merged->assign(value.data(), value.size());
      return true;
    }
    auto result = merged_drop(key.ToStringView(), existing->ToStringView(), value.ToStringView());
    if (!result) return false;
    *merged = std::move(*result);
    return true;
  }
};

class GreatestMerge final : public rocksdb::AssociativeMergeOperator {
 public:
  const char* Name() const override { return "fermo.greatest.1"; }

  bool Merge(const rocksdb::Slice& /*key*/, const rocksdb::Slice* existing, const rocksdb::Slice& value,
             std::string* merged, rocksdb::Logger* /*logger*/) const override {
    const bool keep = existing != nullptr && existing->ToStringView() >= value.ToStringView();
    merged->assign(keep ? existing->ToStringView() : value.ToStringView());
    return true;
  }
};

}  // namespace

std::shared_ptr<rocksdb::MergeOperator> drop_change_merge() {
  return std::make_shared<DropChangeMerge>();
}
std::shared_ptr<rocksdb::MergeOperator> greatest_merge() {
  return std::make_shared<GreatestMerge>();
}

}  // namespace fermo::rocks
