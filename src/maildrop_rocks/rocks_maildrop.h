#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "maildrop/checkpoint.h"
#include "maildrop/maildrop.h"

namespace fermo::rocks {

/// How much a line that the store has to say matters to the operator.
enum class Severity {
  info,     ///< Something was put right, or service goes on again.
  warning,  ///< Nothing is lost, but somebody should look.
  error,    ///< Deliveries or reads are being refused.
};

/// Takes one line for the operator's log. Called from any thread, never with a lock of the store held; may not call the
/// store.
using Log = std::function<void(Severity, std::string_view)>;

/// How to open the store. The defaults suit a small machine; nothing here changes what is stored.
struct Settings {
  /// The folder of the store; it is made if it does not exist (its parent must).
  std::filesystem::path path;
  /// Must outlive the store. It may jump backwards: unique-ids go up all the same.
  const Clock* clock = nullptr;
  /// May be empty.
  Log log;
  /// Goes into every unique-id, so that several machines may give them out for one maildrop.
  std::uint8_t node = 0;
  /// Deliveries are refused with out_of_space while the disk has less free space than this, so that clients can still
  /// delete.
  std::uint64_t free_octets_min = limits::store_free_octets_min;
  /// Index and filter blocks and data blocks that were read lately.
  std::size_t cache_octets = limits::store_cache_octets;
  /// What has been written to the log and not yet to tables, in all; also bounds how much is replayed at the next
  /// start.
  std::size_t write_buffer_octets = limits::store_write_buffer_octets;
  /// When the write-ahead log is damaged where it holds acknowledged mail: opens with what came before the damage,
  /// instead of refusing. Only ever on the operator's word; what came after is lost.
  bool recover_up_to_damage = false;
};

/// Why the store could not be opened.
struct OpenFailure {
  error_code code;  ///< Of maildrop::Error.
  bool held_by_another_process = false;
  std::string text;  ///< One or two sentences for the operator: what is wrong with which path, and what to do.
};

/// The embedded store, on RocksDB. One process at a time may have a folder open; inside it the store is thread-safe.
///
/// What is acknowledged is on the disk (fdatasync). A failing disk never ends the process: while it refuses writes,
/// deliveries and deletions fail with out_of_space or unavailable, reads go on, and the store tries by itself until
/// writing works again.
///
/// An imported unique-id is refused as a duplicate when the drop holds or held an imported message with it, or holds
/// one of the store's own with it. An imported unique-id in the form of the store's own that was deleted here before is
/// not recognised.
class RocksMaildrop final : public maildrop::Store, public maildrop::CheckpointSource {
 public:
  using Opened = boost::system::result<std::unique_ptr<RocksMaildrop>, OpenFailure>;

  /// Reclaims what cut-off deliveries left behind. Damage in the write-ahead log is refused (corrupt), never skipped,
  /// as long as behind it stands a write that was begun after one that is hit was acknowledged. Damage behind which
  /// there is none is dropped like the torn end that a power cut leaves, with a warning. After an orderly end nothing
  /// rests on the log.
  static Opened open(Settings settings);

  /// Writes what is in memory to tables, if the disk works and has room for it.
  ~RocksMaildrop() override;
  RocksMaildrop(const RocksMaildrop&) = delete;
  RocksMaildrop& operator=(const RocksMaildrop&) = delete;

  Result<std::unique_ptr<maildrop::Delivery>> begin_delivery() override;
  Result<std::unique_ptr<maildrop::Snapshot>> open(const DropId& drop) override;
  Result<std::vector<maildrop::DropSummary>> list_drops(const std::optional<DropId>& after, std::size_t count) override;
  Result<std::vector<mail::UniqueId>> list_imported(const DropId& drop, const std::optional<mail::UniqueId>& after,
                                                    std::size_t count) override;
  Result<mail::DropListing> recount(const DropId& drop) override;
  Result<maildrop::SweepReport> sweep() override;

  /// What make_backup() wants. It may outlive the store; one that a killed process leaves is removed by the next
  /// opening.
  Result<std::unique_ptr<maildrop::Checkpoint>> take_checkpoint() override;

  /// False while writes are refused because of the disk; for health checks.
  bool writable() const;

 private:
  friend struct Internal;
  class Impl;
  explicit RocksMaildrop(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Lets Opened::value() throw what error() tells.
[[noreturn]] void throw_exception_from_error(const OpenFailure& failure, const boost::source_location& where);

}  // namespace fermo::rocks
