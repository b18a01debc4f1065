#include "fermo/drop_verification.h"

#include <utility>

#include "base/limits.h"
#include "fermo/drop_actions.h"
#include "mail/dot_codec.h"
#include "maildrop/error.h"

namespace fermo::commands {
namespace {

using maildrop::Error;

std::string numbers_of(const mail::DropListing& listing) {
  return std::to_string(listing.messages) + " messages of " + std::to_string(listing.octets.value) + " octets";
}

/// False when it is corrupt; other errors as they are.
template <class Value>
Result<bool> unless_corrupt(const Result<Value>& result) {
  if (result) return true;
  if (result.error() == Error::corrupt) return false;
  return {boost::system::in_place_error, result.error()};
}

/// Whether every octet can be read, and there are as many as the listing says.
Result<bool> is_whole(maildrop::Snapshot& snapshot, MessageNumber number, const mail::ScanListing& listing) {
  const auto cursor = snapshot.read(number);
  if (!cursor) return unless_corrupt(cursor);
  mail::DotDecoder decoder;
  std::string piece;
  std::string content;
  Octets octets;
  while (true) {
    const auto more = (*cursor)->next(piece);
    if (!more) return unless_corrupt(more);
    if (!*more) return octets == listing.octets && octets == (*cursor)->summary().octets;
    content.clear();
    decoder.decode(piece, content);
    octets += Octets{content.size()};
  }
}

/// Why the listing cannot be had: what is there may still be counted.
std::string listing_problem(maildrop::Store& store, const DropId& drop, const mail::DropListing& counters) {
  const auto counted = store.recount(drop);
  if (!counted) return "its list of messages is damaged";
  return "its counters say " + numbers_of(counters) + ", but there are " + numbers_of(*counted);
}

Result<void> verify_messages(maildrop::Store& store, const DropId& drop, DropVerification& found) {
  const auto snapshot = store.open(drop);
  if (!snapshot && snapshot.error() == Error::corrupt) {
    found.problem = "its counters are damaged";
    return {};
  }
  if (!snapshot) return snapshot.error();
  mail::DropListing listed;
  Result<void> failure;
  const auto read = for_each_message(**snapshot, [&](MessageNumber number, const mail::ScanListing& listing) {
    listed.messages += 1;
    listed.octets += listing.octets;
    const auto whole = is_whole(**snapshot, number, listing);
    if (!whole) {
      failure = whole.error();
    } else if (*whole) {
      found.sound.messages += 1;
      found.sound.octets += listing.octets;
    } else {
      found.damaged.push_back(listing.unique_id);
    }
    return whole.has_value();
  });
  if (!failure) return failure;
  const auto counters = (*snapshot)->drop_listing();
  if (!read && read.error() != Error::corrupt) return read.error();
  if (!read) {
    found.problem = listing_problem(store, drop, counters);
  } else if (counters != listed) {
    found.problem = "its counters say " + numbers_of(counters) + ", but there are " + numbers_of(listed);
  }
  return {};
}

Result<void> verify_imported(maildrop::Store& store, const DropId& drop, DropVerification& found) {
  for (std::optional<mail::UniqueId> after;;) {
    const auto imported = store.list_imported(drop, after, limits::scan_listings_at_once_max);
    if (!imported && imported.error() == Error::corrupt) {
      if (!found.problem) found.problem = "its list of imported unique-ids is damaged";
      return {};
    }
    if (!imported) return imported.error();
    if (imported->size() < limits::scan_listings_at_once_max) return {};
    after = imported->back();
  }
}

}  // namespace

Result<DropVerification> verify_drop(maildrop::Store& store, const DropId& drop) {
  DropVerification found;
  if (const auto read = verify_messages(store, drop, found); !read) return read.error();
  if (const auto read = verify_imported(store, drop, found); !read) return read.error();
  return found;
}

}  // namespace fermo::commands
