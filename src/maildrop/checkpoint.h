#pragma once

#include <memory>
#include <string>

#include "base/result.h"

/// What a store that can be backed up while it is in use offers besides `Store`. A store in memory, or one whose files
/// another program owns, does not have it.
namespace fermo::maildrop {

/// The files of a store as they were at one moment, in a folder where the store changes nothing any more. They go with
/// it; until then what is deleted from the store keeps its place on the disk.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  /// The name of the folder in that of the store; at most `limits::checkpoint_name_octets_max` octets.
  virtual const std::string& name() const = 0;
};

/// Thread-safe; must outlive its calls.
class CheckpointSource {
 public:
  virtual ~CheckpointSource() = default;

  /// Holds everything that was acknowledged before the call, and some of what is meanwhile: each delivery and each
  /// commit of deletions whole or not at all. There may be several at once. Errors: out_of_space, unavailable, corrupt,
  /// unsupported.
  virtual Result<std::unique_ptr<Checkpoint>> take_checkpoint() = 0;
};

}  // namespace fermo::maildrop
