#include "confine/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "base/descriptor.h"

namespace fermo::confine {
namespace {

// Debian 12 has the header of Linux 6.1. The numbers are those of include/uapi/linux/landlock.h.
struct RulesetAttributes {
  std::uint64_t handled_files = 0;
  std::uint64_t handled_network = 0;  ///< From 4 on.
  std::uint64_t scoped = 0;           ///< From 6 on.
};
struct PortAttributes {
  std::uint64_t allowed = 0;
  std::uint64_t port = 0;
};
constexpr std::uint64_t refer = std::uint64_t{1} << 13;
constexpr std::uint64_t truncate = std::uint64_t{1} << 14;
constexpr std::uint64_t device_ioctl = std::uint64_t{1} << 15;
constexpr int rule_of_port = 2;
constexpr std::uint64_t tcp_connect = 2;
constexpr std::uint64_t tcp_bind_and_connect = 3;
constexpr std::uint64_t scoped_abstract_sockets = 1;
constexpr std::uint64_t scoped_signals = 2;

constexpr std::uint64_t files_of_first_abi = (std::uint64_t{1} << 13) - 1;
constexpr std::uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t write_rights = read_rights | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                       LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                       LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM | refer | truncate;
constexpr std::uint64_t run_rights = read_rights | LANDLOCK_ACCESS_FS_EXECUTE;
/// What a rule about a file that is no folder may name.
constexpr std::uint64_t rights_of_files =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE | truncate;

std::uint64_t rights_of(Access access) {
  switch (access) {
    case Access::read:
      return read_rights;
    case Access::write:
      return write_rights;
    case Access::run:
      return run_rights;
  }
  return 0;
}

RulesetAttributes attributes_for(int abi, AbstractSockets abstract_sockets) {
  RulesetAttributes attributes;
  attributes.handled_files = files_of_first_abi;
  if (abi >= 2) attributes.handled_files |= refer;
  if (abi >= 3) attributes.handled_files |= truncate;
  if (abi >= 4) attributes.handled_network = tcp_bind_and_connect;
  if (abi >= 5) attributes.handled_files |= device_ioctl;
  if (abi >= 6) attributes.scoped = scoped_signals;
  if (abi >= 6 && abstract_sockets == AbstractSockets::closed) attributes.scoped |= scoped_abstract_sockets;
  return attributes;
}

/// An older kernel refuses a structure with fields that it does not know, unless they are zero.
std::size_t octets_for(int abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  if (abi >= 4) return offsetof(RulesetAttributes, scoped);
  return offsetof(RulesetAttributes, handled_network);
}

error_code system_error() {
  return {errno, boost::system::system_category()};
}

Result<void> allow(const Descriptor& ruleset, const PathRule& rule, std::uint64_t handled) {
  const Descriptor place(::open(rule.path.c_str(), O_PATH | O_CLOEXEC));
  if (!place) {
    if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) return {};
    return system_error();
  }
  struct ::stat status{};
  if (::fstat(place.get(), &status) != 0) return system_error();
  ::landlock_path_beneath_attr beneath{};
  beneath.parent_fd = place.get();
  beneath.allowed_access = handled & rights_of(rule.access);
  if (!S_ISDIR(status.st_mode)) beneath.allowed_access &= rights_of_files;
  if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
    return system_error();
  return {};
}

Result<void> allow_connecting(const Descriptor& ruleset, std::uint16_t port) {
  const PortAttributes attributes{tcp_connect, port};
  if (::syscall(SYS_landlock_add_rule, ruleset.get(), rule_of_port, &attributes, 0) != 0) return system_error();
  return {};
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

Result<void> restrict_files_and_network(std::span<const PathRule> paths, std::span<const std::uint16_t> ports,
                                        AbstractSockets abstract_sockets) {
  const int abi = landlock_abi();
  if (abi == 0) return error_code(ENOSYS, boost::system::system_category());
  const RulesetAttributes attributes = attributes_for(abi, abstract_sockets);
  const Descriptor ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, octets_for(abi), 0)));
  if (!ruleset) return system_error();
  for (const PathRule& rule : paths) {
    if (const auto allowed = allow(ruleset, rule, attributes.handled_files); !allowed) return allowed;
  }
  for (const std::uint16_t port : ports) {
    if (abi < 4) break;
    if (const auto allowed = allow_connecting(ruleset, port); !allowed) return allowed;
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return system_error();
  return {};
}

}  // namespace fermo::confine
