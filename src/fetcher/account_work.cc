#include <algorithm>
#include <unordered_set>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/limits.h"
#include "fetcher/account_runner.h"

/// Carrying out the plan: retrieve, deliver, record, and only then delete.
namespace fermo::fetcher {

namespace client = pop3::client;
namespace change = fetch::change;
using fetch::Removal;
using fetch::Retrieval;

// --- The plan becomes a fact -----------------------------------------------------------------------------------------

AccountRunner::Awaitable<bool> AccountRunner::begin_work() {
  const auto& decisions = visit_.plan.decisions;
  for (Index i = 0; i < decisions.size(); ++i) {
    if (decisions[i].retrieval != Retrieval::none) visit_.wanted.push_back(i);
    if (decisions[i].reason == fetch::Reason::later || decisions[i].reason == fetch::Reason::no_unique_ids_today) {
      ++visit_.refusals;
    }
  }
  auto look = [this] { return delivered_before(); };
  auto looking = pool_.run(look);
  const Result<std::vector<Index>> found = co_await std::move(looking);
  if (!found) {
    fail_of_target(found.error(), {});
    co_return false;
  }
  const std::unordered_set<Index> there(found->begin(), found->end());
  std::erase_if(visit_.wanted, [&](Index index) { return there.contains(index); });
  // Nothing comes of asking before all is recorded but that the answers are on their way meanwhile.
  give_orders();
  co_await session_->send_ordered();
  auto record = [this, &found] { return record_plan(*found); };
  auto recording = pool_.run(record);
  const Result<void> recorded = co_await std::move(recording);
  if (!recorded) {
    fail_of_ledger(recorded.error());
    co_return false;
  }
  visit_.planned = true;
  report_.found += there.size();
  for (Index i = 0; i < decisions.size(); ++i) {
    const bool delivered = there.contains(i) && decisions[i].removal == Removal::once_delivered;
    if (delivered || decisions[i].removal == Removal::now) order_deletion(i);
    if (decisions[i].removal != Removal::no) visit_.deleting = true;
  }
  co_return true;
}

/// Whether the target may have what the ledger does not know of.
bool AccountRunner::looks_back() const {
  return state_.deliveries_open || !state_.first_run_done;
}

/// Of what an earlier session may have left unrecorded, only what is wanted today was looked for.
bool AccountRunner::looked_for_all() const {
  const auto left_out = [this](const fetch::Decision& one) {
    const bool waits = one.reason == fetch::Reason::later || one.reason == fetch::Reason::no_unique_ids_today;
    const bool more_is_likely = settings_.in_batches && one.retrieval != Retrieval::none;
    return waits || more_is_likely;
  };
  return visit_.all_listed && std::ranges::none_of(visit_.plan.decisions, left_out);
}

/// In the pool. What a session that could not record it has delivered already, of what is wanted.
Result<std::vector<AccountRunner::Index>> AccountRunner::delivered_before() {
  if (!looks_back()) return std::vector<Index>();
  return delivery_.find_delivered(visit_.plan.decisions, visit_.wanted);
}

/// In the pool.
Result<void> AccountRunner::record_plan(const std::vector<Index>& found) {
  const auto& decisions = visit_.plan.decisions;
  const Timestamp now = clock_.now();
  const fetch::AccountState state = state_at_work();
  const std::vector<fetch::Change> of_found = delivery_.changes_of_found(decisions, found);
  const fetch::NextChange planned = fetch::changes_of(visit_.plan);
  const fetch::NextChange recovered = fetch::each_of(of_found);
  auto removed = decisions.begin();
  const auto next = [&]() -> std::optional<fetch::Change> {
    if (auto change = planned()) return change;
    if (auto change = recovered()) return change;
    removed = std::ranges::find(removed, decisions.end(), Removal::now, &fetch::Decision::removal);
    if (removed == decisions.end()) return std::nullopt;
    return change::DeletionAsked{(removed++)->key, now};
  };
  return ledger_.apply_each(next, &state);
}

fetch::AccountState AccountRunner::state_at_work() const {
  fetch::AccountState state = state_;
  state.first_run_done = true;
  state.stat.reset();
  if (visit_.highest_position) state.highest_position = *visit_.highest_position;
  if (visit_.all_listed) state.last_full_listing = clock_.now();
  state.last_login = clock_.now();
  state.unique_ids = visit_.plan.unique_ids;
  state.target_mark = mark_;
  state.deliveries_open = state_.deliveries_open || !visit_.wanted.empty();
  return state;
}

// --- Orders ----------------------------------------------------------------------------------------------------------

AccountRunner::Awaitable<void> AccountRunner::work() {
  for (;;) {
    if (delivery_job_.ended()) {
      const bool delivered = co_await take_delivered();
      if (!delivered) co_return;
    }
    give_orders();
    const bool go_on = co_await finish_work();
    if (!go_on) co_return;
    Step step = co_await next_step();
    if (visit_.close) co_return;
    const bool taken = co_await take_step(std::move(step));
    if (!taken) co_return;
  }
}

bool AccountRunner::all_received() const {
  return visit_.ordered == visit_.wanted.size() && visit_.under_way.empty() && !visit_.message_open;
}

/// Once all is there: delivers the rest of it, and then come the last DELEs and QUIT in one round trip. Where nothing
/// is deleted, the answer to QUIT is on its way meanwhile. Not earlier: a server's last words may get lost as it
/// closes, and with them the only reply that showed a message of unexpected length to be whole.
AccountRunner::Awaitable<bool> AccountRunner::finish_work() {
  if (visit_.quitting) co_return true;
  if (visit_.unconfirmed && visit_.unanswered == 0) give(Order::noop());
  if (!all_received()) co_return true;
  if (visit_.deleting) {
    const bool delivered = co_await deliver_all();
    give_deletions();
    if (!delivered) co_return false;
  }
  order_quit();
  co_await session_->send_ordered();
  const bool delivered = co_await take_delivered();
  if (delivered) start_delivery(Batch::last);
  co_return delivered;
}

/// Counted here and not by the session: that has answered an order when the last of its steps is still to be taken.
void AccountRunner::give(Order order) {
  ++visit_.unanswered;
  session_->order(order);
}

/// RETR and DELE take turns: the line stays busy, and few of a large drop's DELEs are left for the end.
void AccountRunner::give_orders() {
  for (bool deletion = true;; deletion = !deletion) {
    const bool open = session_->window_open();
    const bool may_delete = !visit_.deletions.empty() && open;
    const bool may_retrieve =
        visit_.ordered < visit_.wanted.size() &&
        (visit_.under_way.empty() || (open && visit_.octets_under_way.value < limits::retrieval_window_octets));
    if (!may_delete && !may_retrieve) return;
    may_delete && (deletion || !may_retrieve) ? give_deletion() : give_retrieval();
  }
}

void AccountRunner::give_retrieval() {
  const Index index = visit_.wanted[visit_.ordered++];
  const fetch::Decision& one = decision(index);
  const bool whole = one.retrieval == Retrieval::whole;
  const std::uint64_t lines = settings_.policy.headers_only ? 0 : settings_.policy.head_body_lines;
  give(whole ? Order::retr(one.number) : Order::top(one.number, lines));
  visit_.under_way.push_back(index);
  visit_.octets_under_way += one.octets;
}

void AccountRunner::give_deletion() {
  give(Order::dele(decision(visit_.deletions.front()).number));
  visit_.deletions.pop_front();
}

void AccountRunner::give_deletions() {
  while (!visit_.deletions.empty()) give_deletion();
}

/// The decision that is about the order's message. Decisions stand in the order of message-numbers.
AccountRunner::Index AccountRunner::index_of(const Order& order) const {
  const auto& decisions = visit_.plan.decisions;
  const auto at = std::ranges::lower_bound(decisions, *order.message, {}, &fetch::Decision::number);
  FERMO_CHECK(at != decisions.end() && at->number == *order.message);
  return static_cast<Index>(at - decisions.begin());
}

void AccountRunner::order_deletion(Index index) {
  ++visit_.to_delete;
  visit_.deletions.push_back(index);
}

// --- What comes of them ----------------------------------------------------------------------------------------------

AccountRunner::Awaitable<bool> AccountRunner::take_step(Step step) {
  if (const auto* const begun = std::get_if<client::MessageBegun>(&step)) take(*begun);
  if (auto* const piece = std::get_if<client::MessagePiece>(&step)) take(*piece);
  if (const auto* const ended = std::get_if<client::MessageEnded>(&step)) take(*ended);
  if (const auto* const done = std::get_if<client::OrderDone>(&step)) take(*done);
  if (const auto* const refused = std::get_if<client::OrderRefused>(&step)) take(*refused);
  co_return co_await deliver_meanwhile();
}

void AccountRunner::take(const client::MessageBegun& begun) {
  confirm_message();
  const Index index = index_of(begun.order);
  visit_.message_open = true;
  visit_.events.emplace_back(Delivery::Begun{index, decision(index)});
}

void AccountRunner::take(client::MessagePiece& piece) {
  observer_.received(Octets{piece.octets.size()});
  visit_.events_octets += piece.octets.size();
  visit_.events.emplace_back(Delivery::Content{std::move(piece.octets)});
}

/// A dot that a server has not stuffed (RFC 1939 §3) ends a message too early, and the rest of it comes in the place of
/// the next reply. So a message that has not the octets it should have counts only when a reply has followed it.
void AccountRunner::take(const client::MessageEnded& ended) {
  --visit_.unanswered;
  const Index index = visit_.under_way.front();
  visit_.under_way.pop_front();
  visit_.octets_under_way -= decision(index).octets;
  visit_.unconfirmed = index;
  if (ended.order.verb == pop3::Verb::retr && ended.octets == decision(index).octets) confirm_message();
}

void AccountRunner::confirm_message() {
  if (!visit_.unconfirmed) return;
  visit_.unconfirmed.reset();
  visit_.message_open = false;
  visit_.events.emplace_back(Delivery::Ended());
}

void AccountRunner::take(const client::OrderDone& done) {
  --visit_.unanswered;
  confirm_message();
  if (done.order.verb == pop3::Verb::dele) visit_.marked.push_back(index_of(done.order));
}

void AccountRunner::take(const client::OrderRefused& refused) {
  --visit_.unanswered;
  confirm_message();
  if (!refused.order.message) return;
  const std::string words = refused.text.empty() ? std::string() : ": " + refused.text;
  ++visit_.refusals;
  if (refused.order.verb == pop3::Verb::dele) {
    complain(*refused.order.message, "could not be deleted" + words);
    return;
  }
  visit_.octets_under_way -= decision(visit_.under_way.front()).octets;
  visit_.under_way.pop_front();
  complain(*refused.order.message, "could not be fetched" + words);
}

// --- Into the target -------------------------------------------------------------------------------------------------

/// Passes on what has gathered. Waits only when as much again has come before the last of it was delivered.
AccountRunner::Awaitable<bool> AccountRunner::deliver_meanwhile() {
  const bool some = visit_.events_octets >= limits::delivery_buffer_octets / 4;
  const bool much =
      visit_.events_octets >= limits::delivery_buffer_octets || visit_.events.size() >= limits::delivery_buffer_events;
  if (!much && (!some || delivery_job_.under_way())) co_return true;
  const bool delivered = co_await take_delivered();
  if (delivered) start_delivery(Batch::open);
  co_return delivered;
}

void AccountRunner::start_delivery(Batch batch) {
  visit_.events_octets = 0;
  const std::size_t left = visit_.wanted.size() - visit_.ordered + visit_.under_way.size();
  const std::size_t to_come = batch == Batch::open ? std::max<std::size_t>(left, 1) : 0;
  auto perform = [this, batch, to_come,
                  events = std::exchange(visit_.events, {})]() mutable -> Result<Delivery::Settled> {
    auto settled = delivery_.perform(std::move(events), to_come);
    if (batch == Batch::last) delivery_.tidy();
    return settled;
  };
  delivery_job_.start(std::move(perform));
}

/// Waits for what is under way. False when it has failed.
AccountRunner::Awaitable<bool> AccountRunner::take_delivered() {
  if (!delivery_job_.under_way()) co_return true;
  const Result<Delivery::Settled> settled = co_await delivery_job_.outcome();
  if (!settled) {
    fail(Verdict::target_failed, "the delivery ended unexpectedly");
    co_return false;
  }
  take_settled(*settled);
  co_return !settled->failure.has_value();
}

/// All that has come, and waits until it is durable and recorded.
AccountRunner::Awaitable<bool> AccountRunner::deliver_all() {
  const bool before = co_await take_delivered();
  start_delivery(Batch::ends);
  const bool rest = co_await take_delivered();
  co_return before&& rest;
}

void AccountRunner::take_settled(const Delivery::Settled& settled) {
  for (const auto& [index, key] : settled.identified) visit_.plan.decisions[index].key = key;
  for (const Index index : settled.delivered) {
    ++(decision(index).retrieval == Retrieval::whole ? report_.fetched : report_.heads);
  }
  for (const auto* const indices : {&settled.delivered, &settled.known_already}) {
    for (const Index index : *indices) {
      if (decision(index).removal == Removal::once_delivered) order_deletion(index);
    }
    visit_.settled += indices->size();
  }
  for (const auto& [index, why, explanation] : settled.not_taken) {
    const bool for_good = why == fetch::Error::refused;
    ++(for_good ? report_.refused : visit_.refusals);
    if (for_good) ++visit_.settled;
    complain(decision(index).number, "is not taken: " + (explanation.empty() ? why.message() : explanation));
  }
  observer_.delivered(settled.delivered.size());
  if (!settled.failure) return;
  settled.failure_of_ledger ? fail_of_ledger(*settled.failure) : fail_of_target(*settled.failure, settled.explanation);
}

// --- The end ---------------------------------------------------------------------------------------------------------

/// However the session ended: what has arrived whole is saved, and what the server has confirmed is recorded.
AccountRunner::Awaitable<void> AccountRunner::settle() {
  if (visit_.planned) co_return co_await settle_work();
  const fetch::AccountState learnt = with_what_was_learnt(state_);
  if (settings_.dry_run || learnt == state_) co_return;
  auto record = [this, learnt] { return ledger_.set_state(learnt); };
  auto running = pool_.run(record);
  const Result<void> recorded = co_await std::move(running);
  if (!recorded) fail_of_ledger(recorded.error());
}

AccountRunner::Awaitable<void> AccountRunner::settle_work() {
  report_.octets += session_->record().octets;
  const bool replied = visit_.close && (has_quit() || visit_.close->end == client::End::quit_failed);
  if (replied) confirm_message();
  if (visit_.message_open) visit_.events.emplace_back(Delivery::Cut());
  if (visit_.unconfirmed) {
    complain(decision(*visit_.unconfirmed).number,
             "ended before its end, perhaps at a dot that the server did not double");
  }
  co_await deliver_all();
  auto record = [this] { return record_end(); };
  auto running = pool_.run(record);
  const Result<void> recorded = co_await std::move(running);
  if (!recorded) fail_of_ledger(recorded.error());
  const std::uint64_t deleted = has_quit() ? visit_.marked.size() : 0;
  report_.deleted += deleted;
  report_.left_behind = visit_.wanted.size() - visit_.settled + visit_.to_delete - deleted;
}

/// In the pool.
Result<void> AccountRunner::record_end() {
  const fetch::AccountState state = state_at_end();
  const Timestamp now = clock_.now();
  auto gone = has_quit() ? visit_.marked.begin() : visit_.marked.end();
  const auto next = [&]() -> std::optional<fetch::Change> {
    gone = std::find_if(gone, visit_.marked.end(), [this](Index index) { return !decision(index).key.empty(); });
    if (gone == visit_.marked.end()) return std::nullopt;
    return change::Gone{decision(*gone++).key, now};
  };
  return ledger_.apply_each(next, &state);
}

/// What makes the next session shorter, or keeps it from breaking.
fetch::AccountState AccountRunner::with_what_was_learnt(fetch::AccountState state) const {
  if (remembered_doubtful_) state.capabilities.clear();
  if (!visit_.ready) return state;
  if (settings_.server.tls != client::Tls::none) state.capabilities = visit_.ready->capabilities_before_login.text();
  if (session_->record().pipelining_proven) state.pipelining = fetch::Pipelining::works;
  // If it broke without pipelining too, that was not why.
  if (pipelining_broken_ && has_quit()) state.pipelining = fetch::Pipelining::broken;
  return state;
}

fetch::AccountState AccountRunner::state_at_end() const {
  fetch::AccountState state = with_what_was_learnt(state_at_work());
  state.deliveries_open = delivery_.unsettled() || (looks_back() && !looked_for_all());
  const bool all_done = has_quit() && visit_.refusals == 0 && visit_.settled == visit_.wanted.size() &&
                        visit_.marked.size() == visit_.to_delete && !visit_.some_wait;
  if (!all_done) return state;
  state.stat = visit_.listing.stat;
  for (const Index index : visit_.marked) {
    const Octets octets = decision(index).octets;
    if (state.stat->messages == 0 || state.stat->octets < octets) {
      state.stat.reset();
      break;
    }
    state.stat->messages -= 1;
    state.stat->octets -= octets;
  }
  return state;
}

}  // namespace fermo::fetcher
