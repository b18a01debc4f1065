#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "maildrop/error.h"

/// What a store that can be backed up while it is in use offers besides `Store`. A store in memory, or one whose files
/// another program owns, does not have it.
namespace fermo::maildrop {

/// Counts up from 1 within a folder of backups; never given out twice there while a later one is kept.
using BackupNumber = std::uint32_t;

struct BackupOrder {
  /// Absolute, and there; at most `limits::backup_folder_octets_max` octets.
  std::string folder;
  /// Kept with the backup and given back as it is; at most `limits::backup_note_octets_max` octets.
  std::string note;
};

/// Why something could not be done with backups.
struct BackupFailure {
  error_code code;   ///< Of maildrop::Error.
  std::string text;  ///< One or two sentences for the operator: what is wrong with which path, and what to do.
};

/// Thread-safe; must outlive its calls.
class BackupSource {
 public:
  virtual ~BackupSource() = default;

  using Made = boost::system::result<BackupNumber, BackupFailure>;
  /// Adds a backup of everything that was acknowledged before the call to the folder, and of some of what is meanwhile:
  /// each delivery and each commit of deletions whole or not at all. Durable on return. Blocks for as long as the
  /// copying takes; `stop` cuts it short, which leaves nothing that counts as a backup. One at a time.
  /// Errors: unavailable (another one is under way, or stopped), out_of_space, corrupt, unknown, unsupported.
  virtual Made back_up(const BackupOrder& order, std::stop_token stop) = 0;
};

/// Lets `value()` throw what `error()` tells.
[[noreturn]] void throw_exception_from_error(const BackupFailure& failure, const boost::source_location& where);

}  // namespace fermo::maildrop
