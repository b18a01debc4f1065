#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "mail/listing.h"
#include "mail/unique_id.h"
#include "maildrop/maildrop.h"

namespace fermo::commands {

/// What reading a maildrop from its first octet to its last has shown.
struct DropVerification {
  mail::DropListing sound;              ///< The messages that are whole, and their octets.
  std::vector<mail::UniqueId> damaged;  ///< By arrival.
  std::optional<std::string> problem;   ///< With the maildrop itself: its listing, its counters.

  bool is_sound() const { return damaged.empty() && !problem; }
};

/// Reads every message of the maildrop with all its checksums, counts its octets again, and holds the counters against
/// what is there, at one moment; reads the list of imported unique-ids. Errors: those of the store but corrupt, which
/// is what this is to find.
Result<DropVerification> verify_drop(maildrop::Store& store, const DropId& drop);

}  // namespace fermo::commands
