#include "fermo/drop_actions.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "base/limits.h"
#include "mail/dot_codec.h"

namespace fermo::commands {
namespace {

constexpr std::size_t message_number_digits_max = 9;

std::optional<std::uint64_t> short_number(std::string_view text) {
  if (text.empty() || text.size() > message_number_digits_max) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<void> for_each_message(maildrop::Snapshot& snapshot, const OnMessage& on_message) {
  for (MessageNumber next = MessageNumber::at_index(0);;) {
    const auto listings = snapshot.scan_listings(next, limits::scan_listings_at_once_max);
    if (!listings) return listings.error();
    for (const auto& listing : *listings) {
      if (!on_message(next, listing)) return {};
      next = MessageNumber::at_index(next.index() + 1);
    }
    if (listings->size() < limits::scan_listings_at_once_max) return {};
  }
}

Result<void> for_each_drop(maildrop::Store& store, const std::function<void(const maildrop::DropSummary&)>& on_drop) {
  for (std::optional<DropId> after;;) {
    const auto drops = store.list_drops(after, limits::scan_listings_at_once_max);
    if (!drops) return drops.error();
    for (const auto& drop : *drops) on_drop(drop);
    if (drops->size() < limits::scan_listings_at_once_max) return {};
    after = drops->back().drop;
  }
}

Result<void> delete_all(maildrop::Snapshot& snapshot) {
  std::vector<MessageNumber> all;
  const auto messages = snapshot.drop_listing().messages;
  for (std::uint64_t i = 0; i < messages; ++i) all.push_back(MessageNumber::at_index(i));
  if (all.empty()) return {};
  return snapshot.commit_deletions(all);
}

Result<std::optional<MessageNumber>> find_message(maildrop::Snapshot& snapshot, std::string_view name) {
  std::optional<MessageNumber> found;
  if (const auto number = short_number(name)) {
    if (*number <= snapshot.drop_listing().messages) found = MessageNumber::from(*number);
    return found;
  }
  const auto searched = for_each_message(snapshot, [&](MessageNumber number, const mail::ScanListing& listing) {
    if (listing.unique_id.text() == name) found = number;
    return !found;
  });
  if (!searched) return searched.error();
  return found;
}

Result<WriteOutcome> write_message(maildrop::Cursor& cursor, std::ostream& out) {
  mail::DotDecoder decoder;
  std::string piece;
  std::string content;
  while (true) {
    const auto more = cursor.next(piece);
    if (!more) return more.error();
    if (!*more) return out.flush() ? WriteOutcome::written : WriteOutcome::output_failed;
    content.clear();
    decoder.decode(piece, content);
    if (!out.write(content.data(), static_cast<std::streamsize>(content.size()))) return WriteOutcome::output_failed;
  }
}

}  // namespace fermo::commands
