#include "auth/file_identity.h"

#include <sys/stat.h>

namespace fermo::auth {
namespace {

/// Linux stamps files with the time of the last timer tick, 10 ms at most; a network file system may be coarser.
constexpr std::int64_t tick_ns_max = 100'000'000;

std::int64_t nanoseconds(const struct ::timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileIdentity identity_of(const struct ::stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .octets = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = nanoseconds(status.st_mtim),
          .changed_ns = nanoseconds(status.st_ctim)};
}

bool is_settled(const FileIdentity& identity, std::int64_t now_ns) {
  // A change time in the future is a clock that was set back since: the next change will differ from it anyway.
  return identity.changed_ns > now_ns || now_ns - identity.changed_ns > tick_ns_max;
}

}  // namespace fermo::auth
