#include "maildrop_rocks/wal_check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include <rocksdb/file_system.h>
#include <rocksdb/wal_filter.h>
#include <rocksdb/write_batch.h>

#include "maildrop_rocks/attestation.h"

namespace fermo::rocks {
namespace {

static_assert(std::endian::native == std::endian::little, "RocksDB's numbers are read as they lie");

/// A record of the log begins with a checksum, a length and a type; a batch with its sequence and its count.
constexpr std::size_t record_header_octets = 7;
constexpr std::size_t sequence_octets = 8;

std::uint64_t sequence_at(const char* octets) {
  std::uint64_t sequence;
  std::memcpy(&sequence, octets, sizeof sequence);
  return sequence;
}

/// Finds the attestation in a batch and passes over everything else.
class AttestationReader final : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override { return {}; }
  rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override { return {}; }
  rocksdb::Status MergeCF(std::uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override { return {}; }
  void LogData(const rocksdb::Slice& blob) override {
    if (const auto sequence = attested_sequence(blob.ToStringView())) found = std::max(found, *sequence);
  }
  std::uint64_t found = 0;
};

std::uint64_t attested_by(const rocksdb::WriteBatch& batch) {
  AttestationReader reader;
  if (!batch.Iterate(&reader).ok()) return 0;
  return reader.found;
}

}  // namespace

std::uint64_t first_sequence_of(const rocksdb::WriteBatch& batch) {
  return sequence_at(batch.Data().data());
}

class WalCheck::Filter final : public rocksdb::WalFilter {
 public:
  Filter(Mode mode, std::shared_ptr<rocksdb::FileSystem> file_system)
      : mode_(mode), file_system_(std::move(file_system)) {}

  const char* Name() const override { return "fermo.wal-check"; }

  void ColumnFamilyLogNumberMap(const std::map<std::uint32_t, std::uint64_t>& first_logs,
                                const std::map<std::string, std::uint32_t>& /*tables*/) override {
    for (const auto& [table, log] : first_logs) first_log = std::min(first_log, log);
  }

  WalProcessingOption LogRecordFound(unsigned long long log, const std::string& path, const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* /*new_batch*/, bool* /*batch_changed*/) override {
    if (mode_ == Mode::attestations) {
      attested = std::max(attested, attested_by(batch));
      return WalProcessingOption::kIgnoreCurrentRecord;
    }
    if (log != log_) {
      log_ = log;
      if (first_sequence_in(path) != first_sequence_of(batch)) return WalProcessingOption::kCorruptedRecord;
    }
    return follows(batch) ? WalProcessingOption::kContinueProcessing : WalProcessingOption::kCorruptedRecord;
  }

  std::uint64_t attested = 0;
  std::uint64_t first_log = std::numeric_limits<std::uint64_t>::max();

 private:
  /// The sequence of the first batch as it stands at the beginning of the file, read or not.
  std::optional<std::uint64_t> first_sequence_in(const std::string& path) {
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    if (!file_system_->NewSequentialFile(path, rocksdb::FileOptions(), &file, nullptr).ok()) return std::nullopt;
    std::array<char, record_header_octets + sequence_octets> space;
    rocksdb::Slice read;
    if (!file->Read(space.size(), rocksdb::IOOptions(), &read, space.data(), nullptr).ok()) return std::nullopt;
    if (read.size() != space.size()) return std::nullopt;
    return sequence_at(read.data() + record_header_octets);
  }

  /// Sequences go up by the number of rows of each batch, across files too; a batch may be older than what is expected
  /// (a write that failed and whose number was given out again), but never newer.
  bool follows(const rocksdb::WriteBatch& batch) {
    const std::uint64_t sequence = first_sequence_of(batch);
    if (expected_ && sequence > *expected_) return false;
    const std::uint64_t after = sequence + batch.Count();
    expected_ = expected_ ? std::max(*expected_, after) : after;
    return true;
  }

  const Mode mode_;
  const std::shared_ptr<rocksdb::FileSystem> file_system_;
  unsigned long long log_ = 0;
  std::optional<std::uint64_t> expected_;
};

WalCheck::WalCheck(Mode mode, std::shared_ptr<rocksdb::FileSystem> file_system)
    : filter_(std::make_unique<Filter>(mode, std::move(file_system))) {}
WalCheck::~WalCheck() = default;

rocksdb::WalFilter* WalCheck::filter() {
  return filter_.get();
}
std::uint64_t WalCheck::attested() const {
  return filter_->attested;
}
std::uint64_t WalCheck::first_log() const {
  return filter_->first_log;
}

}  // namespace fermo::rocks
