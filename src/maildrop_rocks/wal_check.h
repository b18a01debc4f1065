#pragma once

#include <cstdint>
#include <memory>

namespace rocksdb {
class FileSystem;
class WalFilter;
class WriteBatch;
}  // namespace rocksdb

/// Tells damage in the write-ahead log from the torn end that a power cut leaves. RocksDB alone can be told to drop
/// everything after the first damage, acknowledged or not, or to refuse every torn end; neither will do. So each batch
/// carries an attestation (attestation.h): up to where the log was on the disk when the batch was made.
namespace fermo::rocks {

/// The number of the first row of a batch that was written.
std::uint64_t first_sequence_of(const rocksdb::WriteBatch& batch);

/// Watches the log being replayed. Not thread-safe; must outlive the opening that it is handed to.
class WalCheck {
 public:
  enum class Mode {
    /// Refuses a log with a hole (also one that RocksDB would skip in silence: a block of zeros).
    continuity,
    /// Applies nothing and gathers the attestations.
    attestations,
  };

  WalCheck(Mode mode, std::shared_ptr<rocksdb::FileSystem> file_system);
  ~WalCheck();
  WalCheck(const WalCheck&) = delete;
  WalCheck& operator=(const WalCheck&) = delete;

  rocksdb::WalFilter* filter();
  /// The greatest sequence that any readable batch says was synced; 0 when none does.
  std::uint64_t attested() const;
  /// The number of the oldest log that holds anything which is in no table.
  std::uint64_t first_log() const;

 private:
  class Filter;
  std::unique_ptr<Filter> filter_;
};

}  // namespace fermo::rocks
