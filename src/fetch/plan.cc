#include "fetch/plan.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "base/limits.h"
#include "fetch/matching.h"
#include "fetch/message_key.h"
#include "fetch/number_text.h"

namespace fermo::fetch {
namespace {

using How = Match::How;

class Planner {
 public:
  explicit Planner(const Input& input) : input_(input), matching_(match(input)) {}

  Plan run() {
    plan_.made = input_.now;
    plan_.position_offset = input_.listing.position_offset;
    plan_.unique_ids = matching_.unique_ids;
    plan_.remarks = std::move(matching_.remarks);
    ask_presence();
    plan_.decisions.reserve(matching_.matches.size());
    for (std::size_t i = 0; i < matching_.matches.size(); ++i) plan_.decisions.push_back(decide(i));
    if (plan_.heads_needed.empty()) note_changes();
    remark();
    return std::move(plan_);
  }

 private:
  const ListedMessage& message(std::size_t i) const { return input_.listing.messages[i]; }
  const Record* record(const Match& match) const { return match.record ? &input_.known[*match.record] : nullptr; }
  std::size_t index_of(const Record& record) const { return static_cast<std::size_t>(&record - input_.known.data()); }
  /// The server's list can be held against what is known.
  bool credible() const {
    const Listing& listing = input_.listing;
    return listing.complete && !listing.messages.empty() && listing.stat.messages == listing.messages.size();
  }

  std::uint32_t generation(const Match& match) const {
    if (match.record) return input_.known[*match.record].generation;
    return match.replaced ? input_.known[*match.replaced].generation + 1 : 0;
  }

  Decision decide(std::size_t i);
  void decide_unfetched(std::size_t i, const Record* known, Decision& decision);
  void retrieve(std::size_t i, Reason reason, Decision& decision);
  void decide_fetched(std::size_t i, const Record& known, Decision& decision);
  void decide_head(std::size_t i, Decision& decision);
  bool is_removable(const Record& record) const;
  bool is_among_newest(std::size_t i) const;
  Removal removal_of_new(std::size_t i) const;
  Reason keep_days_reason(const Record& known) const;
  Reason mirror_reason(const Record& known) const;
  void ask_presence();

  void note_changes();
  void give_up_keys();
  void note_listed(std::size_t i);
  void note_unlisted(const Record& known);
  void remark();

  const Input& input_;
  Matching matching_;
  Plan plan_;
  std::vector<Presence> presence_;  ///< Of each record, in mirror mode.
  std::set<std::size_t> given_up_;  ///< Records whose key goes to another message, or who get another key.
  bool mirror_held_ = false;
  std::uint64_t retrieved_ = 0;
  std::size_t by_content_ = 0;
};

// What another program fetched has no head to be held against. A message-number alone, which belongs to whatever
// follows once a message goes, says too little to delete by.
bool Planner::is_removable(const Record& record) const {
  if (record.standing == Standing::whole) return true;
  return record.standing == Standing::imported && input_.policy.remove_imported && !matching_.ids_are_numbers;
}

void Planner::ask_presence() {
  presence_.assign(input_.known.size(), Presence::unknown);
  if (input_.policy.mode != Mode::mirror || !input_.presence) return;
  std::size_t absent = 0;
  std::size_t asked = 0;
  for (const Match& one : matching_.matches) {
    const Record* known = record(one);
    if (known == nullptr || known->standing != Standing::whole) continue;
    Presence& presence = presence_[index_of(*known)];
    presence = input_.presence(*known);
    ++asked;
    if (presence == Presence::absent) ++absent;
  }
  mirror_held_ =
      !input_.policy.mass_deletion_confirmed && absent > limits::mirror_unconfirmed_deletions_max && absent * 2 > asked;
}

bool Planner::is_among_newest(std::size_t i) const {
  return !input_.listing.complete || matching_.matches.size() - i <= input_.policy.keep_newest;
}

Removal Planner::removal_of_new(std::size_t i) const {
  const Policy& policy = input_.policy;
  const bool remove = policy.mode == Mode::remove ||
                      (policy.mode == Mode::keep_days && policy.keep_days.count() <= 0) ||
                      (policy.mode == Mode::keep_newest && !is_among_newest(i));
  return remove ? Removal::once_delivered : Removal::no;
}

Decision Planner::decide(std::size_t i) {
  Match& match = matching_.matches[i];
  Decision decision{message(i).number, std::move(match.key), message(i).octets, generation(match)};
  switch (match.how) {
    case How::head_needed:
      plan_.heads_needed.push_back(decision.number);
      decision.reason = Reason::head_needed;
      return decision;
    case How::unknowable:
      decision.reason = Reason::no_unique_ids_today;
      return decision;
    case How::by_content:
      ++by_content_;
      retrieve(i, Reason::no_identity, decision);
      return decision;
    case How::reused_id:
      retrieve(i, Reason::new_under_known_id, decision);
      return decision;
    case How::fresh:
    case How::known:
      break;
  }
  const Record* known = record(match);
  if (known == nullptr || known->standing == Standing::waiting) {
    decide_unfetched(i, known, decision);
  } else {
    decide_fetched(i, *known, decision);
  }
  return decision;
}

void Planner::decide_unfetched(std::size_t i, const Record* known, Decision& decision) {
  if (known == nullptr && input_.first_run && input_.policy.first_run == FirstRun::from_now) {
    decision.reason = Reason::before_first_run;
    return;
  }
  retrieve(i, known == nullptr ? Reason::is_new : Reason::not_delivered_yet, decision);
}

void Planner::retrieve(std::size_t i, Reason reason, Decision& decision) {
  const Policy& policy = input_.policy;
  if (policy.messages_at_once_max && retrieved_ >= *policy.messages_at_once_max) {
    decision.reason = Reason::later;
    return;
  }
  ++retrieved_;
  const bool asked_for = reason == Reason::asked_for;
  const bool too_large = policy.whole_octets_max && message(i).octets > *policy.whole_octets_max;
  const bool by_content = reason == Reason::no_identity;  // no TOP either
  if (!asked_for && !by_content && (policy.headers_only || too_large)) {
    decision.retrieval = Retrieval::head;
    decision.reason = policy.headers_only ? Reason::headers_only : Reason::too_large;
    return;
  }
  decision.retrieval = Retrieval::whole;
  decision.removal = removal_of_new(i);
  decision.reason = reason;
}

void Planner::decide_fetched(std::size_t i, const Record& known, Decision& decision) {
  if (known.whole_wanted && known.standing != Standing::whole) {
    retrieve(i, Reason::asked_for, decision);
    return;
  }
  switch (known.standing) {
    case Standing::skipped:
      decision.reason = Reason::before_first_run;
      return;
    case Standing::refused:
      decision.reason = Reason::refused_by_target;
      return;
    case Standing::head:
      decide_head(i, decision);
      return;
    default:
      break;
  }
  if (!is_removable(known)) {
    decision.reason = Reason::fetched_by_other_program;
    return;
  }
  switch (input_.policy.mode) {
    case Mode::keep:
      decision.reason = Reason::delivered;
      return;
    case Mode::remove:
      decision.reason = known.deletion_asked ? Reason::deletion_did_not_hold : Reason::delivered_so_deleted;
      break;
    case Mode::keep_days:
      decision.reason = keep_days_reason(known);
      break;
    case Mode::keep_newest:
      decision.reason = is_among_newest(i) ? Reason::among_newest : Reason::beyond_newest;
      break;
    case Mode::mirror:
      decision.reason = mirror_reason(known);
      break;
  }
  const bool now = decision.reason == Reason::deletion_did_not_hold ||
                   decision.reason == Reason::delivered_so_deleted || decision.reason == Reason::keep_days_over ||
                   decision.reason == Reason::beyond_newest || decision.reason == Reason::deleted_locally;
  decision.removal = now ? Removal::now : Removal::no;
}

void Planner::decide_head(std::size_t i, Decision& decision) {
  const Policy& policy = input_.policy;
  const bool fits = !policy.headers_only && (!policy.whole_octets_max || decision.octets <= *policy.whole_octets_max);
  if (!fits) {
    decision.reason = Reason::head_delivered;
    return;
  }
  retrieve(i, Reason::now_allowed, decision);
}

Reason Planner::keep_days_reason(const Record& known) const {
  const Timestamp since = known.delivered.value_or(known.first_seen);
  return input_.now - since >= input_.policy.keep_days ? Reason::keep_days_over : Reason::keep_days_not_over;
}

Reason Planner::mirror_reason(const Record& known) const {
  switch (presence_[index_of(known)]) {
    case Presence::present:
      return Reason::there_locally;
    case Presence::unknown:
      return Reason::local_state_unknown;
    case Presence::absent:
      break;
  }
  return mirror_held_ ? Reason::many_gone_locally : Reason::deleted_locally;
}

void Planner::note_changes() {
  give_up_keys();
  for (std::size_t i = 0; i < matching_.matches.size(); ++i) note_listed(i);
  if (!credible()) return;
  for (const std::size_t r : matching_.unlisted) {
    if (!given_up_.contains(r)) note_unlisted(input_.known[r]);
  }
}

// All old keys go before any new one comes, since messages may have exchanged them.
void Planner::give_up_keys() {
  for (std::size_t i = 0; i < matching_.matches.size(); ++i) {
    const Match& match = matching_.matches[i];
    if (match.replaced) given_up_.insert(*match.replaced);
    const Record* known = record(match);
    if (known != nullptr && known->key != plan_.decisions[i].key) given_up_.insert(index_of(*known));
  }
  for (const std::size_t r : given_up_) plan_.changes.emplace_back(change::Forgotten{input_.known[r].key});
}

void Planner::note_listed(std::size_t i) {
  const Match& match = matching_.matches[i];
  Decision& decision = plan_.decisions[i];
  if (match.how == How::unknowable || match.how == How::by_content) return;
  const Record* known = record(match);
  decision.enters = known == nullptr;
  if (decision.enters) return;
  const std::uint64_t position = message(i).number.value() + input_.listing.position_offset;
  if (known->key != decision.key) {
    Record moved = *known;
    moved.key = decision.key;
    moved.octets = message(i).octets;
    moved.position = position;
    moved.gone.reset();
    moved.missing_since.reset();
    plan_.changes.emplace_back(change::Stored{std::move(moved)});
  } else if (known->octets != decision.octets || known->position != position || known->gone || known->missing_since) {
    plan_.changes.emplace_back(change::Seen{decision.key, decision.octets, input_.now, position, decision.generation});
  }
  if (known->reason != decision.reason) plan_.changes.emplace_back(change::Reasoned{decision.key, decision.reason});
}

void Planner::note_unlisted(const Record& known) {
  if (is_key_of_content(known.key) && !known.gone) return;  // never in a listing, so never missing from one
  const auto over = [&](Timestamp since) { return input_.now - since >= input_.policy.forget_after; };
  if (known.deletion_asked && !known.gone) {
    plan_.changes.emplace_back(change::Gone{known.key, input_.now});
  } else if (known.gone ? over(*known.gone) : known.missing_since && over(*known.missing_since)) {
    plan_.changes.emplace_back(change::Forgotten{known.key});
  } else if (!known.gone && !known.missing_since) {
    plan_.changes.emplace_back(change::Missing{known.key, input_.now});
  }
}

void Planner::remark() {
  const Listing& listing = input_.listing;
  const auto there = std::ranges::count_if(input_.known, [](const Record& known) { return !known.gone; });
  if (listing.complete && listing.messages.empty() && there > 0) {
    plan_.remarks.push_back("the server lists no messages, though " + std::to_string(there) +
                            " were there before; nothing is forgotten");
  } else if (listing.complete && listing.stat.messages != listing.messages.size()) {
    plan_.remarks.push_back("the server counts " + std::to_string(listing.stat.messages) + " messages and lists " +
                            std::to_string(listing.messages.size()) + "; what it does not list is not forgotten");
  }
  if (mirror_held_) {
    plan_.remarks.emplace_back(
        "more than half of the local copies are gone; nothing is deleted on the server until that is confirmed");
  }
  if (by_content_ > 0 && input_.policy.mode != Mode::remove) {
    plan_.remarks.emplace_back(
        "the server offers neither UIDL nor TOP: every message kept there is fetched at each run to see whether it is "
        "new");
  }
}

/// What changes_of() returns, as it is called.
class ChangesOfPlan {
 public:
  explicit ChangesOfPlan(const Plan& plan) : plan_(&plan), known_(each_of(plan.changes)) {}

  std::optional<Change> operator()() {
    if (auto change = known_()) return change;
    while (entry_.empty() && next_ < plan_->decisions.size()) enter(plan_->decisions[next_++]);
    if (entry_.empty()) return std::nullopt;
    Change first = std::move(entry_.front());
    entry_.pop_front();
    return first;
  }

 private:
  void enter(const Decision& decision) {
    if (!decision.enters) return;
    const std::uint64_t position = decision.number.value() + plan_->position_offset;
    entry_.emplace_back(change::Seen{decision.key, decision.octets, plan_->made, position, decision.generation});
    if (decision.reason == Reason::before_first_run) entry_.emplace_back(change::Skipped{decision.key});
    entry_.emplace_back(change::Reasoned{decision.key, decision.reason});
  }

  const Plan* plan_;
  NextChange known_;
  std::size_t next_ = 0;
  std::deque<Change> entry_;  ///< Of one message.
};

std::string_view action(const Decision& decision) {
  if (decision.reason == Reason::head_needed) return "is looked at";
  if (decision.removal == Removal::now) return "is deleted on the server";
  if (decision.removal == Removal::once_delivered) return "is fetched, then deleted on the server";
  switch (decision.retrieval) {
    case Retrieval::whole:
      return "is fetched";
    case Retrieval::head:
      return "is fetched in part";
    case Retrieval::none:
      break;
  }
  return "is left as it is";
}

}  // namespace

Plan make_plan(const Input& input) {
  return Planner(input).run();
}

NextChange changes_of(const Plan& plan) {
  return ChangesOfPlan(plan);
}

std::string explain(const Decision& decision) {
  return "message " + std::to_string(decision.number.value()) + " (" + with_separators(decision.octets.value) +
         " octets) " + std::string(action(decision)) + ": " + std::string(words(decision.reason));
}

}  // namespace fermo::fetch
