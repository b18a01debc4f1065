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

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

FileIdentity identity_of(const struct ::stat& status);

/// Whether the file had been quiet at `now_ns` (real-time clock) for longer than the file system's clock takes to tick.
/// When it had not, a later change may leave no trace in its identity, so whoever read it has to read it once more.
bool is_settled(const FileIdentity& identity, std::int64_t now_ns);

}  // namespace fermo::auth
