#include "fetch/matching.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "fetch/message_key.h"

namespace fermo::fetch {
namespace {

using How = Match::How;

/// Records that are taken one after the other and never given back. So what is passed over is passed over once, however
/// many messages a server makes look the same.
struct Queue {
  std::vector<std::size_t> records;
  std::size_t passed = 0;
};

bool is_head_key(std::string_view key) {
  return key.starts_with("head ");
}
bool stands_for_unique_id(std::string_view key) {
  return key.find(' ') != std::string_view::npos;
}
/// A head key without its occurrence.
std::string_view head_group(std::string_view key) {
  return key.substr(0, key.rfind(' '));
}

std::size_t occurrence_of(std::string_view key) {
  const std::string_view digits = key.substr(key.rfind(' ') + 1);
  std::size_t occurrence = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), occurrence);
  return occurrence;
}

bool was_fetched(const Record& record) {
  return record.standing == Standing::whole || record.standing == Standing::head;
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

class Matcher {
 public:
  explicit Matcher(const Input& input) : input_(input), messages_(input.listing.messages), known_(input.known) {}

  Matching run() {
    index_records();
    if (unique_ids_are_missing_today()) return all_unknowable();
    out_.ids_are_numbers = all_ids_are_numbers();
    out_.unique_ids = judge_unique_ids();
    find_duplicates();
    out_.matches.resize(messages_.size());
    for (std::size_t i = 0; i < messages_.size(); ++i) match_by_key(i);
    if (input_.listing.complete && !number_check_) rebind();
    list_unlisted();
    remark();
    return std::move(out_);
  }

 private:
  void index_records();
  bool unique_ids_are_missing_today() const;
  Matching all_unknowable();
  UniqueIds judge_unique_ids();
  bool all_ids_are_numbers() const;
  void find_duplicates();
  void match_by_key(std::size_t i);
  void match_by_unique_id(std::size_t i);
  void match_by_head(std::size_t i);
  void match_doubtful(std::size_t i, std::size_t record);
  void reuse(std::size_t i, std::size_t record);
  std::optional<std::size_t> known_head(const HeadIdentity& identity, std::string_view group);
  std::size_t next_occurrence(std::string_view group);
  void rebind();
  void rebind_one(std::size_t i, bool most_missing);
  std::optional<std::size_t> fitting(const HeadIdentity& seen, Octets octets, bool most_missing);
  void fill_pool();
  bool is_undelivered(std::size_t i) const;
  bool most_are_missing() const;
  void list_unlisted();
  void remark();

  bool taken(std::size_t record) const { return taken_[record]; }
  /// The first that is not taken.
  std::optional<std::size_t> front(Queue& queue) const {
    while (queue.passed < queue.records.size() && taken(queue.records[queue.passed])) ++queue.passed;
    return queue.passed < queue.records.size() ? std::optional(queue.records[queue.passed]) : std::nullopt;
  }
  template <class Queues>
  std::optional<std::size_t> front(Queues& queues, const typename Queues::key_type& key) const {
    const auto found = queues.find(key);
    return found == queues.end() ? std::nullopt : front(found->second);
  }
  /// Null when the head of that record was never seen.
  const HeadIdentity* identity_of(std::size_t record) const {
    const auto& identity = known_[record].identity;
    return identity ? &*identity : nullptr;
  }
  void take(std::size_t i, std::size_t record) {
    out_.matches[i].how = How::known;
    out_.matches[i].record = record;
    taken_[record] = true;
  }
  /// Nothing when the head has not been asked for; an empty identity when there is none to be had.
  const std::optional<HeadIdentity>* head(std::size_t i) const {
    const auto found = input_.heads.find(messages_[i].number);
    return found == input_.heads.end() ? nullptr : &found->second;
  }

  const Input& input_;
  const std::vector<ListedMessage>& messages_;
  std::span<const Record> known_;
  Matching out_;
  // Ordered, as all tables here: the keys are a stranger's choice, who could give all of them the same hash.
  std::map<std::string_view, std::size_t> by_key_;
  std::map<std::pair<std::string_view, bool>, Queue> by_head_group_;  ///< With whether the records are gone.
  std::map<std::string, std::size_t> occurrences_;  ///< The highest of each head group, given out or known.
  std::set<std::string_view> duplicates_;
  std::vector<bool> taken_;
  std::optional<std::size_t> number_check_;  ///< The message whose head tells whether unique-ids are message-numbers.
  // What a message that looks new may be, by the digest of its head; and by its octets too, with whether it is gone.
  std::map<std::string_view, Queue> pool_;
  std::map<std::tuple<std::string_view, std::uint64_t, bool>, Queue> pool_by_octets_;
  std::size_t rebound_ = 0;
  std::size_t heads_missing_ = 0;
};

void Matcher::index_records() {
  taken_.assign(known_.size(), false);
  for (std::size_t r = 0; r < known_.size(); ++r) {
    const std::string_view key = known_[r].key;
    by_key_.emplace(key, r);
    if (!is_head_key(key)) continue;
    by_head_group_[{head_group(key), known_[r].gone.has_value()}].records.push_back(r);
    std::size_t& highest = occurrences_[std::string(head_group(key))];
    highest = std::max(highest, occurrence_of(key));
  }
  for (auto& [group, queue] : by_head_group_) {
    std::ranges::sort(queue.records, {}, [&](std::size_t r) { return occurrence_of(known_[r].key); });
  }
}

// A server that refuses UIDL for a moment must not look like one that has none: everything would be fetched again.
bool Matcher::unique_ids_are_missing_today() const {
  return !input_.listing.unique_ids && input_.unique_ids == UniqueIds::trusted && !messages_.empty() &&
         std::ranges::any_of(known_, [](const Record& record) { return !stands_for_unique_id(record.key); });
}

Matching Matcher::all_unknowable() {
  out_.matches.resize(messages_.size());
  for (Match& one : out_.matches) one.how = How::unknowable;
  out_.remarks.emplace_back(
      "the server gave unique-ids before and refuses UIDL now; nothing is fetched or deleted until it gives them "
      "again");
  return std::move(out_);
}

bool Matcher::all_ids_are_numbers() const {
  if (!input_.listing.complete || messages_.empty()) return false;
  return std::ranges::all_of(messages_, [](const ListedMessage& message) {
    return message.unique_id == std::to_string(message.number.value());
  });
}

// When unique-ids are nothing but message-numbers, a message that goes shifts all after it. The highest that is known
// tells: if it is still what it was, none before it has gone.
UniqueIds Matcher::judge_unique_ids() {
  if (input_.unique_ids == UniqueIds::message_numbers) return UniqueIds::message_numbers;
  if (messages_.empty()) return input_.unique_ids;
  if (!input_.listing.unique_ids) return UniqueIds::absent;
  if (!out_.ids_are_numbers) return UniqueIds::trusted;
  for (std::size_t i = messages_.size(); i-- > 0;) {
    const auto found = by_key_.find(messages_[i].unique_id);
    const HeadIdentity* known = found == by_key_.end() ? nullptr : identity_of(found->second);
    if (known == nullptr) continue;
    const auto* seen = head(i);
    if (seen == nullptr) number_check_ = i;
    const bool differs = seen != nullptr && *seen && (*seen)->digest != known->digest;
    return differs ? UniqueIds::message_numbers : UniqueIds::trusted;
  }
  return UniqueIds::trusted;
}

void Matcher::find_duplicates() {
  std::vector<std::string_view> sorted;
  sorted.reserve(messages_.size());
  for (const ListedMessage& message : messages_) {
    if (!message.unique_id.empty()) sorted.push_back(message.unique_id);
  }
  std::ranges::sort(sorted);
  for (auto at = sorted.begin(); (at = std::adjacent_find(at, sorted.end())) != sorted.end(); ++at) {
    duplicates_.insert(*at);
  }
}

void Matcher::match_by_key(std::size_t i) {
  const std::string& unique_id = messages_[i].unique_id;
  if (number_check_ == i) {
    out_.matches[i].how = How::head_needed;
    return;
  }
  if (out_.unique_ids != UniqueIds::trusted || !is_usable_unique_id(unique_id)) {
    match_by_head(i);
    return;
  }
  const auto found = by_key_.find(unique_id);
  const bool imported = found != by_key_.end() && known_[found->second].standing == Standing::imported;
  if (duplicates_.contains(unique_id) && !imported) {
    match_by_head(i);
  } else {
    match_by_unique_id(i);
  }
}

void Matcher::match_by_unique_id(std::size_t i) {
  const ListedMessage& message = messages_[i];
  out_.matches[i].key = message.unique_id;
  if (const auto found = by_key_.find(message.unique_id); found != by_key_.end()) {
    match_doubtful(i, found->second);
    return;
  }
  if (message.unique_id.find('/') == std::string::npos) return;
  const auto kept = by_key_.find(as_getmail_keeps_it(message.unique_id));
  if (kept != by_key_.end() && known_[kept->second].standing == Standing::imported && !taken(kept->second)) {
    take(i, kept->second);
  }
}

// The unique-id is known, but a message that was gone or has other octets may be another one under a unique-id that was
// given out again. Some servers only estimate octets, so the head decides. Where none is known of, a message-number
// that may have moved on to another message has to show the octets it had, and not to have been on the way out: what is
// new is rather fetched once too often than never.
void Matcher::match_doubtful(std::size_t i, std::size_t record) {
  const Record& known = known_[record];
  const bool other_octets = known.octets && *known.octets != messages_[i].octets;
  const bool can_compare = was_fetched(known) && known.identity;
  const bool settled = known.standing != Standing::waiting;
  if (out_.ids_are_numbers && settled && !can_compare && (other_octets || known.deletion_asked)) {
    reuse(i, record);
    return;
  }
  const bool doubtful = known.gone || (can_compare && (other_octets || known.missing_since));
  const auto* seen = head(i);
  const bool only_missing = !known.gone && !other_octets;
  if (!doubtful || (only_missing && seen != nullptr && !*seen)) {
    take(i, record);
    return;
  }
  if (known.identity && seen == nullptr) {
    out_.matches[i].how = How::head_needed;
    return;
  }
  const bool same = known.identity && seen != nullptr && *seen && (*seen)->digest == known.identity->digest &&
                    (known.identity->strong || !other_octets);
  if (same) {
    take(i, record);
    return;
  }
  reuse(i, record);
}

void Matcher::reuse(std::size_t i, std::size_t record) {
  out_.matches[i].how = How::reused_id;
  out_.matches[i].replaced = record;
}

void Matcher::match_by_head(std::size_t i) {
  const auto* seen = head(i);
  if (seen == nullptr) {
    out_.matches[i].how = How::head_needed;
    return;
  }
  if (!*seen) {
    out_.matches[i].how = How::by_content;
    return;
  }
  const std::string first = key_of_head(**seen, messages_[i].octets, 1);
  const std::string_view group = head_group(first);
  if (const auto record = known_head(**seen, group)) {
    take(i, *record);
    out_.matches[i].key = known_[*record].key;
    return;
  }
  out_.matches[i].key = key_of_head(**seen, messages_[i].octets, next_occurrence(group));
}

// A weak head may stand for several messages: one that is gone says nothing about one that is there.
std::optional<std::size_t> Matcher::known_head(const HeadIdentity& identity, std::string_view group) {
  if (const auto there = front(by_head_group_, {group, false})) return there;
  return identity.strong ? front(by_head_group_, {group, true}) : std::nullopt;
}

std::size_t Matcher::next_occurrence(std::string_view group) {
  return ++occurrences_[std::string(group)];
}

bool Matcher::most_are_missing() const {
  std::size_t present = 0;
  std::size_t missing = 0;
  for (std::size_t r = 0; r < known_.size(); ++r) {
    if (known_[r].gone || known_[r].standing == Standing::waiting) continue;
    ++(taken(r) ? present : missing);
  }
  return missing > present;
}

void Matcher::fill_pool() {
  for (std::size_t r = 0; r < known_.size(); ++r) {
    const Record& known = known_[r];
    const HeadIdentity* identity = identity_of(r);
    if (taken(r) || identity == nullptr || !was_fetched(known)) continue;
    pool_[identity->digest].records.push_back(r);
    if (!known.octets) continue;
    pool_by_octets_[{identity->digest, known.octets->value, known.gone.has_value()}].records.push_back(r);
  }
}

// A server that was moved gives its messages new unique-ids. What looks new is held against what is missing, by the
// head: always when most of what is known is missing, otherwise only where the octets agree. A weak head counts in the
// first case only.
void Matcher::rebind() {
  fill_pool();
  if (pool_.empty()) return;
  const bool all = most_are_missing();
  std::set<std::uint64_t> missing_octets;
  for (const auto& [group, queue] : pool_by_octets_) {
    if (const auto& [digest, octets, gone] = group; !gone) missing_octets.insert(octets);
  }
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    const bool look = all || out_.matches[i].how == How::reused_id || head(i) != nullptr ||
                      missing_octets.contains(messages_[i].octets.value);
    if (is_undelivered(i) && look) rebind_one(i, all);
  }
}

/// Nothing of the message at `i` has been delivered, as far as its key tells.
bool Matcher::is_undelivered(std::size_t i) const {
  const Match& match = out_.matches[i];
  if (match.how == How::known && match.record) return known_[*match.record].standing == Standing::waiting;
  return match.how == How::fresh || match.how == How::reused_id;
}

void Matcher::rebind_one(std::size_t i, bool most_missing) {
  const auto* seen = head(i);
  if (seen == nullptr) {
    out_.matches[i].how = How::head_needed;
    return;
  }
  if (!*seen) {
    ++heads_missing_;
    return;
  }
  const auto record = fitting(**seen, messages_[i].octets, most_missing);
  if (!record) return;
  if (out_.matches[i].record) out_.matches[i].replaced = out_.matches[i].record;
  take(i, *record);
  ++rebound_;
}

/// The first of the same octets, or else of others.
std::optional<std::size_t> Matcher::fitting(const HeadIdentity& seen, Octets octets, bool most_missing) {
  const auto there = front(pool_by_octets_, {seen.digest, octets.value, false});
  if (!seen.strong) return most_missing ? there : std::nullopt;
  const auto gone = front(pool_by_octets_, {seen.digest, octets.value, true});
  if (there && gone) return std::min(*there, *gone);
  if (there || gone) return there ? there : gone;
  return front(pool_, seen.digest);
}

void Matcher::list_unlisted() {
  for (std::size_t r = 0; r < known_.size(); ++r) {
    if (!taken(r)) out_.unlisted.push_back(r);
  }
}

void Matcher::remark() {
  if (rebound_ > 0) {
    out_.remarks.push_back(counted(rebound_, "message") +
                           " that had been fetched before got another unique-id; known again by their heads");
  }
  if (heads_missing_ > 0) {
    out_.remarks.push_back("the server gave other unique-ids and no heads, so " + counted(heads_missing_, "message") +
                           " may be fetched a second time");
  }
  if (!duplicates_.empty()) {
    out_.remarks.push_back("the server gave " + counted(duplicates_.size(), "unique-id") +
                           " to more than one message; these are told apart by their heads");
  }
  if (out_.unique_ids == UniqueIds::message_numbers) {
    out_.remarks.emplace_back(
        "the unique-ids of this server are message-numbers; messages are told apart by their heads");
  }
  if (out_.unique_ids == UniqueIds::absent && !messages_.empty()) {
    out_.remarks.emplace_back("the server does not know UIDL; messages are told apart by their heads");
  }
}

}  // namespace

Matching match(const Input& input) {
  return Matcher(input).run();
}

}  // namespace fermo::fetch
