#include "fetch/tail_probe.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "fetch/message_key.h"

namespace fermo::fetch {
namespace {

/// The least k whose square is not less than `number`: with k probes in each of two rounds every boundary is found.
std::uint64_t square_root_rounded_up(std::uint64_t number) {
  std::uint64_t root = 0;
  while (root * root < number) ++root;
  return root;
}

}  // namespace

Poll choose_poll(const AccountState& state, const mail::DropListing& stat, Timestamp now) {
  const bool listed_lately = state.last_full_listing && now >= *state.last_full_listing &&
                             now - *state.last_full_listing < limits::full_listing_interval;
  if (!state.first_run_done || !state.stat || !listed_lately || state.deliveries_open) return Poll::full;
  if (stat == *state.stat) return Poll::nothing;
  if (state.unique_ids != UniqueIds::trusted || state.pipelining == Pipelining::broken) return Poll::full;
  // The number is the server's word, and what a probe costs goes by its square root; a listing has limits of its own.
  if (stat.messages > limits::client_listing_lines_max) return Poll::full;
  return stat.messages < limits::probe_messages_min ? Poll::full : Poll::probe;
}

TailProbe::TailProbe(const mail::DropListing& before, const mail::DropListing& now, std::uint64_t highest_position)
    : before_(before), now_(now), highest_position_(highest_position) {}

TailProbe::Step TailProbe::next() {
  if (rounds_ == 0) {
    if (now_.messages == 0) return ListAll{"the server shows no messages"};
    ++rounds_;
    return first_round();
  }
  if (const auto wrong = contradiction()) return ListAll{*wrong};
  if (rounds_ == 1) {
    ++rounds_;
    return second_round();
  }
  return conclude();
}

// The last message of the listing before is asked for with its successor: when nothing else happened, that is the
// boundary.
TailProbe::Ask TailProbe::first_round() const {
  std::set<std::uint64_t> numbers{1, now_.messages, std::clamp<std::uint64_t>(before_.messages, 1, now_.messages),
                                  std::clamp<std::uint64_t>(before_.messages + 1, 1, now_.messages)};
  const std::uint64_t step = square_root_rounded_up(now_.messages);
  for (std::uint64_t number = step; number < now_.messages; number += step) numbers.insert(number);
  Ask ask;
  for (const std::uint64_t number : numbers) ask.uidl.push_back(MessageNumber::at_index(number - 1));
  return ask;
}

void TailProbe::answer_uidl(MessageNumber number, std::string unique_id, std::optional<std::uint64_t> position) {
  answers_[number.value()] = {std::move(unique_id), position};
}

void TailProbe::answer_list(MessageNumber number, std::optional<Octets> octets) {
  octets_[number.value()] = octets;
}

std::uint64_t TailProbe::last_known() const {
  std::uint64_t last = 0;
  for (const auto& [number, answer] : answers_) {
    if (answer.position) last = number;
  }
  return last;
}

/// Messages can only have gone from the known part: positions rise with the numbers and never run behind them, and what
/// follows the first unknown message is unknown.
std::optional<std::string_view> TailProbe::contradiction() const {
  std::uint64_t number_before = 0;
  std::uint64_t position_before = 0;
  bool unknown_before = false;
  std::set<std::string_view> unknown_ids;
  for (const auto& [number, answer] : answers_) {
    if (!is_usable_unique_id(answer.unique_id)) return "the server gave no usable unique-id for a message";
    if (!answer.position) {
      if (!unknown_ids.insert(answer.unique_id).second) return "the server gave one unique-id twice";
      unknown_before = true;
      continue;
    }
    if (unknown_before) return "a message that is known follows one that is not";
    const bool fits =
        *answer.position >= position_before + (number - number_before) && *answer.position <= highest_position_;
    if (!fits) return "the messages are not in the order they had";
    number_before = number;
    position_before = *answer.position;
  }
  if (number_before > before_.messages) return "more messages are known than there were";
  return std::nullopt;
}

TailProbe::Step TailProbe::second_round() {
  const std::uint64_t last = last_known();
  if (last == 0) return ListAll{"none of the messages is known"};
  if (now_.messages - last > limits::probe_tail_messages_max) return ListAll{"very many messages are new"};
  Ask ask;
  for (std::uint64_t number = last + 1; number <= now_.messages; ++number) {
    if (!answers_.contains(number)) ask.uidl.push_back(MessageNumber::at_index(number - 1));
    ask.list.push_back(MessageNumber::at_index(number - 1));
  }
  if (ask.list.empty()) return conclude();
  return ask;
}

TailProbe::Step TailProbe::conclude() {
  const std::uint64_t last = last_known();
  FERMO_CHECK(last > 0);
  Found found;
  found.listing.stat = now_;
  found.listing.complete = false;
  // New messages go after all that were known, though some of those may be gone.
  found.listing.position_offset = highest_position_ - last;
  found.removed_by_others = before_.messages - last;
  const ListAll unlisted{"the server did not list a new message"};
  Octets tail;
  for (std::uint64_t number = last + 1; number <= now_.messages; ++number) {
    const auto answer = answers_.find(number);
    const auto octets = octets_.find(number);
    if (answer == answers_.end() || octets == octets_.end()) return unlisted;
    const std::optional<Octets>& listed = octets->second;
    if (!listed) return unlisted;
    found.listing.messages.push_back({MessageNumber::at_index(number - 1), answer->second.unique_id, *listed});
    tail += *listed;
  }
  const bool none_removed = last == before_.messages;
  if (none_removed && before_.octets + tail != now_.octets) return ListAll{"the octets do not add up"};
  return found;
}

}  // namespace fermo::fetch
