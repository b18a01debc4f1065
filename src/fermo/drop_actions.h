#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "mail/listing.h"
#include "maildrop/maildrop.h"

/// What commands do with a maildrop, through any store.
namespace fermo::commands {

/// Called for each message in turn; false: enough.
using OnMessage = std::function<bool(MessageNumber, const mail::ScanListing&)>;

/// Every message of the snapshot, by arrival, in bounded memory.
Result<void> for_each_message(maildrop::Snapshot& snapshot, const OnMessage& on_message);

/// Every maildrop of the store, by name.
Result<void> for_each_drop(maildrop::Store& store, const std::function<void(const maildrop::DropSummary&)>& on_drop);

/// Deletes every message of the snapshot. Errors: those of commit_deletions().
Result<void> delete_all(maildrop::Snapshot& snapshot);

/// The message that a person named: by its message-number (up to 9 digits), else by its unique-id. Nothing when there
/// is none.
Result<std::optional<MessageNumber>> find_message(maildrop::Snapshot& snapshot, std::string_view name);

/// Why a message could not be written out.
enum class WriteOutcome { written, output_failed };

/// Writes the message as a client would get it, without byte-stuffing. An error after something was written means that
/// what was written is not the message.
Result<WriteOutcome> write_message(maildrop::Cursor& cursor, std::ostream& out);

}  // namespace fermo::commands
