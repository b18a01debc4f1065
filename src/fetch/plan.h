#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fetch/ledger.h"
#include "fetch/listing.h"
#include "fetch/policy.h"
#include "fetch/reason.h"

/// What to do in a session: a pure function of what the server shows, what the ledger knows and what the user wants.
///
/// It is asked in up to three rounds. A plan whose `heads_needed` is not empty cannot tell yet whether those messages
/// are known; the caller asks TOP n 0 for them, adds what came of it to `Input::heads` and asks again. Each round needs
/// heads of messages that no round before it needed, and no listing needs more than two rounds of them.
///
/// The tolerance rule: what the ledger knows is cleared by nothing but time. Only a listing that is complete, agrees
/// with STAT and shows at least one message counts against a message it does not show; and only when such listings have
/// not shown it for `Policy::forget_after` is it forgotten. An empty listing never counts, however often it comes.
namespace fermo::fetch {

enum class Retrieval { none, head, whole };
enum class Removal { no, now, once_delivered };

/// What happens to one listed message.
struct Decision {
  MessageNumber number;
  std::string key;  ///< Empty when only the whole message will tell (Reason::no_identity): then key_of_content().
  Octets octets;
  std::uint32_t generation = 0;  ///< Record::generation.
  Retrieval retrieval = Retrieval::none;
  Removal removal = Removal::no;
  Reason reason = Reason::none;
  bool enters = false;  ///< Nothing is known about it yet: it comes into the ledger with the plan.
  friend bool operator==(const Decision&, const Decision&) = default;
};

struct Plan {
  std::vector<Decision> decisions;  ///< One for each listed message, in the order of the listing.
  std::vector<MessageNumber> heads_needed;
  std::vector<Change> changes;  ///< Of what is known already; only when no heads are needed. See changes_of().
  Timestamp made;
  std::uint64_t position_offset = 0;          ///< Listing::position_offset.
  UniqueIds unique_ids = UniqueIds::trusted;  ///< What they turned out to be worth; to be kept in AccountState.
  std::vector<std::string> remarks;           ///< What the user should hear, one sentence each.
};

/// Whether the target still has what was delivered.
enum class Presence { present, absent, unknown };

/// What came of TOP for a message: its identity, or nothing when the server would not or could not.
using Heads = std::map<MessageNumber, std::optional<HeadIdentity>>;

struct Input {
  const Listing& listing;
  /// For a complete listing all records of the account; for a tail those of its keys at least.
  std::span<const Record> known;
  const Policy& policy;
  Timestamp now;
  bool first_run = false;                     ///< !AccountState::first_run_done.
  UniqueIds unique_ids = UniqueIds::trusted;  ///< AccountState::unique_ids.
  Heads heads;
  std::function<Presence(const Record&)> presence;  ///< Asked in mirror mode only; empty: unknown.
};

Plan make_plan(const Input& input);

/// All that is to be applied to the ledger before anything is retrieved: `Plan::changes`, then what comes into it. For
/// a plan that needs no heads. The plan must outlive what is returned.
NextChange changes_of(const Plan& plan);

/// A sentence about one message for `fermo fetch explain`: "message 3 (2,048 octets) is fetched: it is new".
std::string explain(const Decision& decision);

}  // namespace fermo::fetch
