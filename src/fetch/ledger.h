#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/octets.h"
#include "base/result.h"
#include "fetch/error.h"
#include "fetch/head_identity.h"
#include "fetch/reason.h"
#include "mail/listing.h"

/// What is known about the messages of one account: the memory that makes fetching happen exactly once.
namespace fermo::fetch {

/// How far a message has come. Only `whole` (and `imported`, by wish) may be deleted on the server.
enum class Standing {
  waiting,   ///< Seen on the server; no delivery has ended.
  skipped,   ///< Was there before the first run and is not wanted.
  head,      ///< Its head was delivered durably, the whole was not.
  whole,     ///< Delivered durably.
  imported,  ///< Another program fetched it, as the state that was imported from it says.
  refused,   ///< The target refused it for good.
};
std::string_view code(Standing standing);
std::optional<Standing> standing_of(std::string_view code);

/// One message of the account.
struct Record {
  std::string key;               ///< The unique-id, or what stands for it (fetch/message_key.h).
  std::optional<Octets> octets;  ///< As LIST announced it; nothing for an imported one until it is listed.
  Timestamp first_seen;
  Standing standing = Standing::waiting;
  std::optional<Timestamp> delivered;       ///< For `imported`, when the other program says it saw it.
  std::string delivery_name;                ///< Under which the target has it; empty when not delivered by us.
  std::optional<HeadIdentity> identity;     ///< Known once a head has passed.
  std::optional<Timestamp> deletion_asked;  ///< DELE was sent; QUIT may not have been answered.
  std::optional<Timestamp> gone;            ///< QUIT was answered +OK after DELE.
  std::optional<Timestamp> missing_since;   ///< First complete listing that did not show it.
  std::uint32_t generation = 0;             ///< How many messages had this key before it; part of the delivery name.
  std::uint64_t position = 0;               ///< Rises with the message-numbers of the last listings; 0: not listed yet.
  bool whole_wanted = false;                ///< The user asked for the whole of it.
  Reason reason = Reason::none;             ///< What was decided last, and why.
  friend bool operator==(const Record&, const Record&) = default;
};

/// Whether commands may be sent ahead of replies.
enum class Pipelining { untried, works, broken };
/// What the server's unique-ids are worth.
enum class UniqueIds { trusted, message_numbers, absent };

/// What is known about the account as a whole.
struct AccountState {
  bool first_run_done = false;
  /// As a session leaves the drop that has done all there was to do: what STAT said, less what it deleted. Nothing when
  /// there is something left to do or the user wants something else; then the next session lists everything.
  std::optional<mail::DropListing> stat;
  std::uint64_t highest_position = 0;          ///< Of all records, for TailProbe.
  std::optional<Timestamp> last_full_listing;  ///< Of all unique-ids.
  std::optional<Timestamp> last_login;
  Pipelining pipelining = Pipelining::untried;
  UniqueIds unique_ids = UniqueIds::trusted;
  std::string capabilities;  ///< Before login, under TLS, as text; empty: not known. They spare asking again.
  std::string target_mark;   ///< What Target::mark() was when messages were delivered there.
  /// Set before a session delivers; cleared when all it delivered is recorded, and all that one before it may have left
  /// unrecorded was looked for.
  bool deliveries_open = false;
  friend bool operator==(const AccountState&, const AccountState&) = default;
};

/// What may happen to a record. A list of these is applied as one.
namespace change {

/// It was listed. Inserts a waiting record when there is none; otherwise updates octets and position and clears
/// `missing_since` and `gone`.
struct Seen {
  std::string key;
  Octets octets;
  Timestamp at;
  std::uint64_t position = 0;
  std::uint32_t generation = 0;  ///< For a record that is inserted.
};
/// It is not wanted. For a waiting record only.
struct Skipped {
  std::string key;
};
/// The target has the whole, or the head, durably. A head after the whole changes nothing.
struct Delivered {
  std::string key;
  Timestamp at;
  std::string name;
  bool whole = true;
  std::optional<HeadIdentity> identity;
};
/// The target refused it for good. For a record that is not delivered only.
struct Refused {
  std::string key;
};
/// DELE is about to be sent. Refused (Error::not_delivered) unless the standing is whole or imported.
struct DeletionAsked {
  std::string key;
  Timestamp at;
};
/// QUIT was answered +OK. Refused (Error::not_delivered) as above.
struct Gone {
  std::string key;
  Timestamp at;
};
/// A complete listing does not show it; the first time counts.
struct Missing {
  std::string key;
  Timestamp since;
};
/// The user wants the whole of it, or the whole no longer.
struct WholeWanted {
  std::string key;
  bool wanted = true;
};
struct Reasoned {
  std::string key;
  Reason reason = Reason::none;
};
/// Nothing is known about it any more. No error when nothing was.
struct Forgotten {
  std::string key;
};
/// Puts a whole record in place: an import, or a message that has got another key. Refused (Error::conflict) when the
/// key is taken.
struct Stored {
  explicit Stored(Record whole) : record(std::make_shared<const Record>(std::move(whole))) {}
  std::shared_ptr<const Record> record;  ///< Apart: it is several times as large as the others and seldom comes.
};

}  // namespace change

using Change =
    std::variant<change::Seen, change::Skipped, change::Delivered, change::Refused, change::DeletionAsked, change::Gone,
                 change::Missing, change::WholeWanted, change::Reasoned, change::Forgotten, change::Stored>;

/// Changes in their order, each made when it is asked for; nothing: that was all. Those of a large drop would fill
/// memory.
using NextChange = std::function<std::optional<Change>()>;
/// Those of a list, which must outlive it.
NextChange each_of(std::span<const Change> changes);

/// The ledger of one account. Every call takes time in the number of records it names, not in the number there are, but
/// for load(). Used by one thread at a time.
class Ledger {
 public:
  virtual ~Ledger() = default;

  /// Every record, in the order of positions, then of keys. Errors: unavailable, corrupt.
  virtual Result<std::vector<Record>> load() = 0;
  /// Nothing when it is not known. Errors: unavailable, corrupt.
  virtual Result<std::optional<Record>> find(std::string_view key) = 0;

  virtual Result<AccountState> state() = 0;

  /// All in their order and the state, where there is one, or nothing of it: the first run must not be done without its
  /// records. Durable when it returns. Errors: no_such_record (for a change that needs one), conflict, not_delivered,
  /// unavailable, out_of_space, corrupt.
  virtual Result<void> apply_each(const NextChange& next, const AccountState* state) = 0;

  Result<void> apply(std::span<const Change> changes) { return apply_each(each_of(changes), nullptr); }
  Result<void> apply(std::span<const Change> changes, const AccountState& state) {
    return apply_each(each_of(changes), &state);
  }
  Result<void> set_state(const AccountState& state) { return apply({}, state); }
};

/// What `change` does to `record` (nothing: there is no record under the key), or why it may not. Every ledger follows
/// this, so that they cannot differ.
Result<std::optional<Record>> changed(std::optional<Record> record, const Change& change);
/// The key that a change is about.
const std::string& key_of(const Change& change);

}  // namespace fermo::fetch
