#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "fetcher/account_runner.h"

/// Finding out what the server holds, with as little traffic as will do, and planning.
namespace fermo::fetcher {

namespace client = pop3::client;
using fetch::Poll;

namespace {

bool is_passing(client::ResponseCode code) {
  return code == client::ResponseCode::in_use || code == client::ResponseCode::sys_temp;
}

/// In the order of message-numbers, each but once, whatever the server does.
template <class Entry>
void put_in_order(std::vector<Entry>& entries) {
  if (!std::ranges::is_sorted(entries, {}, &Entry::number)) std::ranges::sort(entries, {}, &Entry::number);
  const auto same = [](const Entry& one, const Entry& other) { return one.number == other.number; };
  const auto kept = std::unique(entries.rbegin(), entries.rend(), same).base();
  entries.erase(entries.begin(), kept);
}

/// What LIST and UIDL say of the same messages, both in order.
std::vector<fetch::ListedMessage> together(const std::vector<client::ScanListings::Entry>& octets,
                                           std::vector<client::UniqueIds::Entry> ids) {
  std::vector<fetch::ListedMessage> messages;
  messages.reserve(std::max(octets.size(), ids.size()));
  auto size = octets.begin();
  for (auto id = ids.begin(); size != octets.end() || id != ids.end();) {
    const bool has_id = id != ids.end() && (size == octets.end() || id->number <= size->number);
    const bool has_size = size != octets.end() && (!has_id || size->number == id->number);
    fetch::ListedMessage& message = messages.emplace_back(has_id ? id->number : size->number);
    if (has_size) message.octets = (size++)->octets;
    if (has_id) message.unique_id = std::move((id++)->unique_id);
  }
  return messages;
}

}  // namespace

// --- STAT, LIST and UIDL ---------------------------------------------------------------------------------------------

AccountRunner::Awaitable<bool> AccountRunner::list() {
  const Timestamp now = clock_.now();
  // Unless STAT could spare the listing, it is asked for in the same round trip.
  const mail::DropListing as_left = state_.stat.value_or(mail::DropListing());
  const bool all = settings_.dry_run || fetch::choose_poll(state_, as_left, now) == Poll::full;
  session_->order(Order::stat());
  if (all) order_listings();
  const bool answered = co_await await_listings();
  if (!answered) co_return false;
  report_.listed = visit_.listing.stat.messages;
  if (all) co_return make_listing();
  switch (fetch::choose_poll(state_, visit_.listing.stat, now)) {
    case Poll::nothing:
      report_.unchanged = true;
      co_return true;
    case Poll::probe:
      co_return co_await probe();
    case Poll::full:
      break;
  }
  co_return co_await list_all();
}

AccountRunner::Awaitable<bool> AccountRunner::list_all() {
  order_listings();
  const bool listed = co_await await_listings();
  co_return listed&& make_listing();
}

void AccountRunner::order_listings() {
  session_->order(Order::list());
  session_->order(Order::uidl());
  visit_.listings_awaited = 2;
}

AccountRunner::Awaitable<bool> AccountRunner::await_listings() {
  while (!visit_.status_known || visit_.listings_awaited > 0) {
    Step step = co_await next_step();
    if (visit_.close) co_return false;
    take_listed(step);
    if (report_.verdict != Verdict::done) co_return false;
  }
  co_return true;
}

void AccountRunner::take_listed(Step& step) {
  if (const auto* const status = std::get_if<client::Status>(&step)) {
    visit_.listing.stat = status->listing;
    visit_.status_known = true;
  } else if (const auto* const octets = std::get_if<client::ScanListings>(&step)) {
    std::ranges::copy(octets->entries, std::back_inserter(visit_.octets_listed));
  } else if (auto* const ids = std::get_if<client::UniqueIds>(&step)) {
    std::ranges::move(ids->entries, std::back_inserter(visit_.ids_listed));
  } else if (std::holds_alternative<client::ListingEnded>(step)) {
    --visit_.listings_awaited;
  } else if (const auto* const refused = std::get_if<client::OrderRefused>(&step)) {
    take_refused_listing(*refused);
  }
}

void AccountRunner::take_refused_listing(const client::OrderRefused& refused) {
  const std::string words = refused.text.empty() ? std::string() : ": " + refused.text;
  if (is_passing(refused.code)) return fail(Verdict::busy, "the server does not list its messages now" + words);
  if (refused.order.verb == pop3::Verb::stat) return fail(Verdict::protocol, "the server refuses STAT" + words);
  --visit_.listings_awaited;
  if (refused.order.verb == pop3::Verb::uidl) visit_.listing.unique_ids = false;
}

bool AccountRunner::make_listing() {
  put_in_order(visit_.octets_listed);
  put_in_order(visit_.ids_listed);
  visit_.listing.messages = together(std::exchange(visit_.octets_listed, {}), std::exchange(visit_.ids_listed, {}));
  if (!visit_.listing.messages.empty() || visit_.listing.stat.messages == 0 || visit_.listing.unique_ids) return true;
  fail(Verdict::protocol, "the server lists none of its " + std::to_string(visit_.listing.stat.messages) + " messages");
  return false;
}

// --- The tail of a large drop ----------------------------------------------------------------------------------------

AccountRunner::Awaitable<bool> AccountRunner::probe() {
  fetch::TailProbe probe(*state_.stat, visit_.listing.stat, state_.highest_position);
  for (;;) {
    fetch::TailProbe::Step step = probe.next();
    if (auto* const found = std::get_if<fetch::TailProbe::Found>(&step)) {
      visit_.listing = std::move(found->listing);
      visit_.complete = false;
      co_return true;
    }
    auto* const wanted = std::get_if<fetch::TailProbe::Ask>(&step);
    if (wanted == nullptr) co_return co_await list_all();
    fetch::TailProbe::Ask asked = std::move(*wanted);
    const bool answered = co_await ask(probe, std::move(asked));
    if (!answered) co_return false;
  }
}

AccountRunner::Awaitable<bool> AccountRunner::ask(fetch::TailProbe& probe, fetch::TailProbe::Ask ask) {
  std::map<MessageNumber, std::string> ids;
  for (const MessageNumber number : ask.uidl) session_->order(Order::uidl(number));
  for (const MessageNumber number : ask.list) session_->order(Order::list(number));
  for (std::size_t awaited = ask.uidl.size() + ask.list.size(); awaited > 0; --awaited) {
    Step step = co_await next_step();
    if (visit_.close) co_return false;
    if (auto* const octets = std::get_if<client::ScanListings>(&step)) {
      for (const auto& entry : octets->entries) probe.answer_list(entry.number, entry.octets);
    } else if (auto* const unique_ids = std::get_if<client::UniqueIds>(&step)) {
      for (auto& entry : unique_ids->entries) ids[entry.number] = std::move(entry.unique_id);
    } else if (const auto* const refused = std::get_if<client::OrderRefused>(&step)) {
      if (refused->order.verb == pop3::Verb::uidl) ids[*refused->order.message] = {};
      if (refused->order.verb == pop3::Verb::list) probe.answer_list(*refused->order.message, std::nullopt);
    }
  }
  auto look_up = [this, &probe, &ids]() -> Result<void> {
    for (auto& [number, id] : ids) {
      const auto record = ledger_.find(id);
      if (!record) return record.error();
      probe.answer_uidl(number, id, *record ? std::optional((*record)->position) : std::nullopt);
    }
    return {};
  };
  auto running = pool_.run(look_up);
  const Result<void> looked_up = co_await std::move(running);
  if (!looked_up) fail_of_ledger(looked_up.error());
  co_return looked_up.has_value();
}

// --- The plan --------------------------------------------------------------------------------------------------------

AccountRunner::Awaitable<bool> AccountRunner::plan() {
  const Result<std::vector<fetch::Record>> known = co_await load_known();
  if (!known) {
    fail_of_ledger(known.error());
    co_return false;
  }
  fetch::Input input{
      visit_.listing, *known, settings_.policy, clock_.now(), !state_.first_run_done, state_.unique_ids, {}, {}};
  // In another place nothing of it is there, which is not what mirroring means.
  if (settings_.policy.mode == fetch::Mode::mirror && !settings_.dry_run && place_is_the_same()) {
    input.presence = [this](const fetch::Record& record) { return presence_of(record); };
  }
  for (;;) {
    input.heads = visit_.heads;
    auto make = [&input]() -> Result<fetch::Plan> { return fetch::make_plan(input); };
    auto running = pool_.run(make);
    Result<fetch::Plan> made = co_await std::move(running);
    if (!made) {
      fail_of_ledger(made.error());
      co_return false;
    }
    visit_.plan = std::move(*made);
    if (visit_.plan.heads_needed.empty()) break;
    const bool seen = co_await fetch_heads();
    if (!seen) co_return false;
  }
  const auto messages = std::exchange(visit_.listing.messages, {});
  visit_.all_listed = visit_.complete && messages.size() == visit_.listing.stat.messages;
  if (!messages.empty()) {
    visit_.highest_position = messages.back().number.value() + visit_.listing.position_offset;
  }
  const auto waits = [](const fetch::Decision& one) { return one.reason == fetch::Reason::later; };
  visit_.some_wait = std::ranges::any_of(visit_.plan.decisions, waits);
  for (const std::string& remark : visit_.plan.remarks) report_.remarks.push_back(remark);
  co_return true;
}

/// In the pool.
fetch::Presence AccountRunner::presence_of(const fetch::Record& record) {
  if (record.delivery_name.empty()) return fetch::Presence::unknown;
  const auto presence = target_.presence(record.delivery_name);
  return presence ? *presence : fetch::Presence::unknown;
}

/// All records, or with a tail those that it may be about.
AccountRunner::Awaitable<Result<std::vector<fetch::Record>>> AccountRunner::load_known() {
  auto load = [this]() -> Result<std::vector<fetch::Record>> {
    if (visit_.complete) return ledger_.load();
    std::vector<fetch::Record> records;
    for (const auto& message : visit_.listing.messages) {
      auto record = ledger_.find(message.unique_id);
      if (!record) return record.error();
      if (*record) records.push_back(std::move(**record));
    }
    return records;
  };
  auto running = pool_.run(load);
  co_return co_await std::move(running);
}

AccountRunner::Awaitable<bool> AccountRunner::fetch_heads() {
  for (const MessageNumber number : visit_.plan.heads_needed) session_->order(Order::top(number, 0));
  fetch::HeadReader head;
  for (std::size_t awaited = visit_.plan.heads_needed.size(); awaited > 0;) {
    const Step step = co_await next_step();
    if (visit_.close) co_return false;
    if (std::holds_alternative<client::MessageBegun>(step)) {
      head = fetch::HeadReader();
    } else if (const auto* const piece = std::get_if<client::MessagePiece>(&step)) {
      head.append(piece->octets);
    } else if (const auto* const ended = std::get_if<client::MessageEnded>(&step)) {
      visit_.heads[*ended->order.message] = head.finish();
      --awaited;
    } else if (const auto* const refused = std::get_if<client::OrderRefused>(&step)) {
      visit_.heads[*refused->order.message] = std::nullopt;
      --awaited;
    }
  }
  co_return true;
}

}  // namespace fermo::fetcher
