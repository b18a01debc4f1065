#pragma once

#include <cstdint>

struct stat;

namespace fermo::auth {

/// What tells one version of a file from another without reading it.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t octets = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  /// The file had been quiet for longer than the file system's clock takes to tick. When it had not, a later change may
  /// have left no trace in the fields above, so the file has to be read once more.
  bool settled = false;

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// The identity in `status`, seen at `now_ns` of the real-time clock.
FileIdentity identity_of(const struct ::stat& status, std::int64_t now_ns);

}  // namespace fermo::auth
