#pragma once

#include <cstdint>
#include <filesystem>

#include "fetcher/file_ops.h"

namespace fermo::fetcher {

/// Says on disk, while something is being appended to an mbox, where that began and how long it is to be: so that what
/// a process left when it died can be told from everything else, and be taken away. One for each mbox, whoever delivers
/// there; used under the lock of the mbox only.
class MboxJournal {
 public:
  /// Makes the file when it is not there. Errors: misused, unavailable, out_of_space.
  static Result<MboxJournal> open(const std::filesystem::path& path, FileOps& ops);

  /// Durable when it returns.
  Result<void> begin(std::uint64_t end, std::uint64_t octets);
  Result<void> finish();

  /// Takes away from the end of `mbox` what an append that never finished has left there. Leaves it alone when another
  /// program has appended after it or has changed the mbox otherwise.
  Result<void> recover(int mbox);

 private:
  MboxJournal(Descriptor file, FileOps& ops) : file_(std::move(file)), ops_(ops) {}
  Descriptor file_;
  FileOps& ops_;
};

}  // namespace fermo::fetcher
