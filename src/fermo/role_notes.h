#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "confine/confinement.h"
#include "processes/note_socket.h"

/// What `fermo serve` and the processes that it starts say to each other (docs/decisions/0010-processes.md).
namespace fermo::commands {

/// To a role.
enum class Order : std::uint8_t {
  files = 1,    ///< keys: a certificate chain and its key, each a descriptor of a file.
  begin = 2,    ///< It has all it needs. Answer: ready, or failed and the end of the process.
  sockets = 3,  ///< New connections with another role; those before are of no use any more.
  drain = 4,    ///< To end when nothing is left to do.
};

/// From a role.
enum class Answer : std::uint8_t {
  ready = 101,   ///< What protects it: Protection.
  failed = 102,  ///< Why it cannot work: a number whose meaning is the role's.
};

inline std::uint8_t number_of(Order order) {
  return static_cast<std::uint8_t>(order);
}
inline std::uint8_t number_of(Answer answer) {
  return static_cast<std::uint8_t>(answer);
}

std::string encode(const confine::Protection& protection);
/// Nothing when it is none.
std::optional<confine::Protection> decode_protection(std::string_view payload);

}  // namespace fermo::commands
