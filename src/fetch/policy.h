#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/octets.h"

namespace fermo::fetch {

/// What happens on the server to a message that was delivered.
enum class Mode {
  remove,       ///< Deleted at once.
  keep,         ///< Kept for ever.
  keep_days,    ///< Deleted `Policy::keep_days` days after its delivery.
  keep_newest,  ///< Deleted once it is not among the newest `Policy::keep_newest`.
  mirror,       ///< Deleted once the local copy is.
};

/// What the first run of an account takes.
enum class FirstRun { all, from_now };

/// What the user wants from one account. Whatever is chosen, nothing is deleted that was not delivered as a whole.
struct Policy {
  Mode mode = Mode::keep;
  std::chrono::days keep_days{14};
  std::uint64_t keep_newest = 1000;
  bool headers_only = false;
  std::optional<Octets> whole_octets_max;  ///< Larger messages: the head only, until the whole is asked for.
  std::uint64_t head_body_lines = 20;      ///< Lines of the body that come with a head; 0 with `headers_only`.
  FirstRun first_run = FirstRun::all;
  /// Treat what another program fetched as delivered, for deletion too; not where unique-ids equal message-numbers.
  bool remove_imported = false;
  bool mass_deletion_confirmed = false;  ///< Mirror: the user has confirmed that many local copies are gone on purpose.
  std::optional<std::uint64_t> messages_at_once_max;  ///< Retrieved in one run; the others follow in later ones.
  /// How long a message must be missing from complete listings before it is forgotten; getmail's VANISHED_AGE.
  std::chrono::days forget_after{30};
  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace fermo::fetch
