#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fetcher/file_ops.h"
#include "fetcher/mbox_scan.h"

namespace fermo::fetcher {

/// Says on disk, while something is being appended to an mbox, where that began and what it is to be: so that what a
/// process left when it died can be told from everything else, and be taken away. One for each mbox, whoever delivers
/// there; used under the lock of the mbox only. It is empty, or
///
///     fermo mbox journal 2: END OCTETS DIGEST
///     PLACE TAG
///     …
///     DIGEST
///
/// where the append begins and how many octets it has; the SHA-256 of the last octets before it, by which an mbox is
/// known that another program has written anew since; where each message of the append begins, and the tag of its
/// separator; and the SHA-256 of all these lines. An earlier form, 1, had END and OCTETS alone.
class MboxJournal {
 public:
  struct Append {
    std::uint64_t end = 0;     ///< Of the mbox before it.
    std::uint64_t octets = 0;  ///< That it is to have.
    std::vector<SeparatorLine> separators;
  };

  /// Makes the file when it is not there. Errors: misused, unavailable, out_of_space.
  static Result<MboxJournal> open(const std::filesystem::path& path, FileOps& ops);

  /// Durable when it returns.
  Result<void> begin(int mbox, const Append& append);
  Result<void> finish();

  /// Takes away from the end of `mbox` what an append that never finished has left there, if it is certain that the
  /// mbox has not changed otherwise. If it is not, mbox and journal stay as they are until the next append.
  Result<void> recover(int mbox);

  /// Whether a message in the mbox may be one whose octets are not there: of an append that could not be taken away.
  bool doubts(std::string_view tag) const { return doubts_all_ || doubted_.contains(tag); }

 private:
  MboxJournal(Descriptor file, FileOps& ops) : file_(std::move(file)), ops_(ops) {}
  Descriptor file_;
  FileOps& ops_;
  std::set<std::string, std::less<>> doubted_;
  bool doubts_all_ = false;
};

}  // namespace fermo::fetcher
