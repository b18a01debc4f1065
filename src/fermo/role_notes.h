#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "confine/confinement.h"
#include "fermo/exit_code.h"
#include "processes/note_socket.h"

/// What `fermo serve` and the processes that it starts say to each other (docs/decisions/0010-processes.md).
namespace fermo::commands {

/// The processes, in the order in which they are started.
enum class Role : std::uint8_t { keys, store, auth, net };
inline constexpr std::array all_roles = {Role::keys, Role::store, Role::auth, Role::net};
std::string_view name_of(Role role);

/// To a role.
enum class Order : std::uint8_t {
  configuration = 1,  ///< A descriptor of its text. Answered by net alone when it comes after `begin`: reloaded.
  files = 2,          ///< keys: a certificate chain and its key, each a descriptor of a file.
  control = 3,        ///< store: the socket that listens for commands.
  port = 4,           ///< net: sockets that listen, and the `listen` entry that they are for.
  begin = 5,          ///< It has all it needs. Answer: ready, or failed and the end of the process.
  sockets = 6,        ///< New connections with the role of this number; those before are of no use any more.
  new_keys = 7,       ///< net: new connections with another keys process, for the next `configuration`.
  drain = 8,          ///< To end when nothing is left to do; the second time, at once.
};

/// From a role.
enum class Answer : std::uint8_t {
  ready = 101,     ///< What protects it: Protection.
  failed = 102,    ///< Why it cannot work: Refusal.
  reloaded = 103,  ///< net: Reloaded.
};

/// Why a role could not begin.
struct Refusal {
  std::uint8_t reason = 0;  ///< An ExitCode; of keys: a keys::Error.
  std::string text = {};    ///< For the operator, may have many lines; may be empty.
};

/// What became of a new configuration.
struct Reloaded {
  std::vector<std::string> problems;
  std::vector<std::string> need_restart;
};

template <class Kind>
std::uint8_t number_of(Kind kind) {
  return static_cast<std::uint8_t>(kind);
}

std::string encode(const confine::Protection& protection);
std::string encode(const Refusal& refusal);
std::string encode(const Reloaded& reloaded);
/// Nothing when it is none.
std::optional<confine::Protection> decode_protection(std::string_view payload);
std::optional<Refusal> decode_refusal(std::string_view payload);
std::optional<Reloaded> decode_reloaded(std::string_view payload);

/// A configuration as config::complete() left it, on its way: what comes out is the same. None: there is no memory.
Descriptor config_descriptor(const config::Config& config);
std::optional<config::Config> config_from(const Descriptor& descriptor);

/// The whole file, wherever others have read it to; what is longer than `octets_max` is cut. Nothing when it cannot be
/// read: a part of a configuration would be another one.
std::optional<std::string> content_of(const Descriptor& file, std::size_t octets_max);

}  // namespace fermo::commands
