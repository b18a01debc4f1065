#include "simulation/oracle.h"

#include <algorithm>
#include <charconv>
#include <random>

namespace fermo::simulation {
namespace {

constexpr std::string_view token_field = "Subject: ";

std::string named(Oracle::Token token) {
  return "message " + std::to_string(token);
}

/// The token of a message as a user has it: in the first field after those that the server added.
std::optional<Oracle::Token> token_of(std::string_view octets) {
  const std::size_t at = octets.find("\r\n" + std::string(token_field));
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view text = octets.substr(at + 2 + token_field.size(), 20);
  Oracle::Token token = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), token);
  return read.ec == std::errc() ? std::optional(token) : std::nullopt;
}

/// The fields that the server puts before a message for this user.
bool is_trace(std::string_view octets, const std::string& user) {
  return octets.starts_with("Return-Path: <>\r\n") && octets.ends_with("\r\n") &&
         octets.find("\r\nDelivered-To: " + user + "@example.org\r\n") != std::string_view::npos &&
         octets.find("\r\n\r\n") == std::string_view::npos;
}

}  // namespace

std::string Oracle::content_of(Token token) {
  static constexpr std::string_view parts[] = {".",         "..",    "\r\n", "\r\n.", "\r\n..",
                                               "\r\n.\r\n", "text ", "\xE9", "+OK"};
  constexpr std::size_t octets_max[] = {10, 300, 3000, 3000, 3000, 20'000, 20'000, 150'000};
  std::mt19937_64 random(token);
  std::string content = std::string(token_field) + std::to_string(token) + "\r\n\r\n";
  const std::size_t octets = content.size() + random() % octets_max[random() % std::size(octets_max)];
  while (content.size() < octets) {
    content += parts[random() % std::size(parts)];
    content.append(random() % 200, static_cast<char>('a' + random() % 26));
    content += random() % 3 == 0 ? "\r\n" : "";
    if (content.size() - content.rfind('\n') > 600) content += "\r\n";
  }
  return content.ends_with("\r\n") ? content : content + "\r\n";
}

Oracle::Token Oracle::send(std::vector<std::string> users) {
  Sent sent;
  for (const std::string& user : users) ++sent.copies[user];
  sent_.push_back(std::move(sent));
  return sent_.size() - 1;
}

void Oracle::delivered(Token token, Outcome outcome) {
  if (outcome == Outcome::acknowledged) ++acknowledged_;
  sent_[token].outcome = outcome;
}

Oracle::Expectation Oracle::expect(const std::string& user) const {
  Expectation expectation;
  for (const auto& [place, known] : known_) {
    if (place.first != user) continue;
    if (is_gone(user, place.second)) expectation.gone.insert(place.second);
    if (!may_be_gone(user, place.second)) expectation.there.insert(place.second);
  }
  return expectation;
}

void Oracle::lists(const std::string& user, const std::set<UniqueId>& listed, const Expectation& expected) {
  for (const UniqueId& unique_id : expected.there) {
    if (!listed.contains(unique_id) && !may_be_gone(user, unique_id)) {
      complain("a session of " + user + " does not list " + unique_id + ", which was there before it");
    }
  }
  for (const UniqueId& unique_id : expected.gone) {
    if (listed.contains(unique_id)) complain("a session of " + user + " lists " + unique_id + ", which was deleted");
  }
}

void Oracle::retrieves(const std::string& user, const Message& message) {
  get_to_know(user, message);
}

Oracle::Deletion Oracle::deletes(const std::string& user, std::set<UniqueId> unique_ids) {
  groups_.push_back({user, std::move(unique_ids), Outcome::unknown});
  return groups_.size() - 1;
}

void Oracle::deleted(Deletion deletion, Outcome outcome) {
  if (outcome == Outcome::acknowledged) ++deletions_acknowledged_;
  groups_[deletion].outcome = outcome;
}

void Oracle::judge(const Found& found) {
  there_.clear();
  for (const auto& [user, messages] : found) {
    judge_messages(user, messages);
    judge_order(user, messages);
  }
  settle_deletions();
  for (const auto& [place, known] : known_) {
    if (there_.contains(place) || is_gone(place.first, place.second)) continue;
    complain(named(known.token) + " is gone from " + place.first +
             ", and no deletion that was done wholly explains it");
  }
  for (Token token = 0; token < sent_.size(); ++token) judge_delivery(token, sent_[token]);
}

void Oracle::judge_messages(const std::string& user, const std::vector<Message>& found) {
  for (const Message& message : found) {
    if (!there_.emplace(user, message.unique_id).second) {
      complain("the unique-id " + message.unique_id + " stands for two messages of " + user);
    }
    get_to_know(user, message);
    if (is_gone(user, message.unique_id)) {
      complain("the deletion of " + message.unique_id + " of " + user + " was acknowledged, and it is there");
    }
  }
}

/// By arrival: what was there before comes first, in the order in which it came.
void Oracle::judge_order(const std::string& user, const std::vector<Message>& found) {
  std::vector<UniqueId> now;
  for (const Message& message : found) now.push_back(message.unique_id);
  std::vector<UniqueId>& before = order_[user];
  std::erase_if(before, [&](const UniqueId& unique_id) { return !there_.contains({user, unique_id}); });
  if (before.size() > now.size() || !std::equal(before.begin(), before.end(), now.begin())) {
    complain("the messages of " + user + " are not in the order of their arrival");
  }
  before = std::move(now);
}

void Oracle::get_to_know(const std::string& user, const Message& message) {
  const auto known = known_.find({user, message.unique_id});
  if (known != known_.end()) {
    if (known->second.octets != message.octets) complain("the octets under " + message.unique_id + " have changed");
    return;
  }
  const auto token = token_of(message.octets);
  if (!token || *token >= sent_.size() || !sent_[*token].copies.contains(user)) {
    return complain("a message of " + user + " was never sent to this user");
  }
  const std::string content = content_of(*token);
  const std::size_t trace_octets = message.octets.size() - std::min(content.size(), message.octets.size());
  if (!message.octets.ends_with(content) || !is_trace(message.octets.substr(0, trace_octets), user)) {
    complain(named(*token) + " of " + user + " has other octets");
  }
  known_.emplace(Place(user, message.unique_id), Known{*token, message.octets});
  if (++copies_seen_[{user, *token}] > sent_[*token].copies[user])
    complain(named(*token) + " of " + user + " is doubled");
}

void Oracle::judge_delivery(Token token, Sent& sent) {
  std::size_t seen = 0;
  std::size_t all = 0;
  for (const auto& [user, copies] : sent.copies) {
    const auto found = copies_seen_.find({user, token});
    seen += found == copies_seen_.end() ? 0 : found->second;
    all += copies;
  }
  if (sent.outcome == Outcome::acknowledged && seen < all)
    complain(named(token) + " was acknowledged and is not there");
  if (sent.outcome == Outcome::refused && seen > 0) complain(named(token) + " was refused and is there");
  if (sent.outcome != Outcome::unknown) return;
  if (seen > 0 && seen < all) complain(named(token) + " is there for some of its recipients");
  sent.outcome = seen > 0 ? Outcome::acknowledged : Outcome::refused;
}

/// One that was not confirmed was done if nothing is left of what it was to delete.
void Oracle::settle_deletions() {
  for (Group& group : groups_) {
    if (group.outcome != Outcome::unknown) continue;
    const bool done = std::ranges::none_of(
        group.unique_ids, [&](const UniqueId& unique_id) { return there_.contains({group.user, unique_id}); });
    group.outcome = done ? Outcome::acknowledged : Outcome::refused;
  }
}

bool Oracle::is_gone(const std::string& user, const UniqueId& unique_id) const {
  return std::ranges::any_of(groups_, [&](const Group& group) {
    return group.outcome == Outcome::acknowledged && group.user == user && group.unique_ids.contains(unique_id);
  });
}

bool Oracle::may_be_gone(const std::string& user, const UniqueId& unique_id) const {
  return std::ranges::any_of(groups_, [&](const Group& group) {
    return group.outcome != Outcome::refused && group.user == user && group.unique_ids.contains(unique_id);
  });
}

void Oracle::complain(const std::string& what) {
  trace_.note("ORACLE", what);
  complaints_.push_back(what);
}

}  // namespace fermo::simulation
