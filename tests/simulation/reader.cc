#include "simulation/reader.h"

#include "simulation/server_ends.h"

namespace fermo::simulation {

using pop3::client::Order;

namespace {

pop3::client::Settings settings_for(const std::string& user, const Reader::Plan& plan) {
  pop3::client::Settings settings;
  settings.tls = pop3::client::Tls::none;
  settings.plaintext_logins = true;
  settings.user = user;
  settings.secret = Secret(password);
  settings.pipelining = plan.pipelining;
  settings.window_octets = plan.window_octets;
  return settings;
}

}  // namespace

Reader::Reader(std::string name, std::string user, const Plan& plan, Oracle& oracle, Chance& chance, Trace& trace)
    : name_(std::move(name) + " reader"),
      user_(std::move(user)),
      plan_(plan),
      oracle_(oracle),
      chance_(chance),
      trace_(trace),
      expectation_(oracle.expect(user_)),
      harness_(settings_for(user_, plan), {Order::stat(), Order::list(), Order::uidl()}, false) {
  trace_.note(name_, "is " + user_);
}

void Reader::take_messages() {
  for (; messages_taken_ < harness_.messages().size(); ++messages_taken_) {
    const auto& [order, octets] = harness_.messages()[messages_taken_];
    if (order.verb != pop3::Verb::retr) continue;
    const Oracle::UniqueId& unique_id = unique_ids_[*order.message];
    trace_.note(name_, "has " + unique_id + ": " + summary(octets));
    if (harness_.scan_listings()[order.message->index()].octets.value != octets.size()) {
      oracle_.complain("the scan listing of " + unique_id + " tells another size");
    }
    retrieved_.push_back({unique_id, octets});
    oracle_.retrieves(user_, retrieved_.back());
  }
}

void Reader::act() {
  if (stage_ == Stage::listing && harness_.listings_ended() == 2) {
    take_listing();
    order_retrievals();
    stage_ = Stage::retrieving;
  }
  if (stage_ == Stage::retrieving && harness_.idle()) {
    order_deletions();
    stage_ = Stage::deleting;
  }
  if (stage_ == Stage::deleting && harness_.idle() && plan_.changes_its_mind && !mind_changed_) {
    mind_changed_ = true;
    marked_.clear();
    harness_.order(Order::rset());
    order_deletions();
  }
  if (stage_ == Stage::deleting && harness_.idle()) leave();
  if (harness_.closed()) end();
}

void Reader::take_listing() {
  std::set<Oracle::UniqueId> listed;
  for (const auto& entry : harness_.unique_ids()) {
    unique_ids_[entry.number] = entry.unique_id;
    listed.insert(entry.unique_id);
  }
  mail::DropListing counted;
  for (const auto& entry : harness_.scan_listings()) {
    ++counted.messages;
    counted.octets += entry.octets;
  }
  if (counted != harness_.status() || listed.size() != counted.messages) {
    oracle_.complain("STAT, LIST and UIDL of " + user_ + " disagree");
  }
  trace_.note(name_, "lists " + std::to_string(listed.size()) + " messages");
  oracle_.lists(user_, listed, expectation_);
}

void Reader::order_retrievals() {
  for (const auto& [number, unique_id] : unique_ids_) {
    const bool known = oracle_.is_known(user_, unique_id);
    if (chance_.one_in(10)) harness_.order(Order::top(number, chance_.below(30)));
    if (chance_.one_in(known ? plan_.retrieves_again_one_in : plan_.retrieves_one_in)) {
      harness_.order(Order::retr(number));
    }
  }
}

void Reader::order_deletions() {
  if (plan_.deletes_one_in == 0) return;
  for (const auto& [number, unique_id] : unique_ids_) {
    if (!oracle_.is_known(user_, unique_id) || !chance_.one_in(plan_.deletes_one_in)) continue;
    marked_.insert(unique_id);
    harness_.order(Order::dele(number));
  }
}

void Reader::leave() {
  stage_ = Stage::leaving;
  if (!plan_.quits) {
    trace_.note(name_, "goes away without QUIT");
    over_ = true;
    return;
  }
  if (!marked_.empty()) deletion_ = oracle_.deletes(user_, marked_);
  trace_.note(name_, "says QUIT with " + std::to_string(marked_.size()) + " messages marked");
  harness_.order(Order::quit());
}

void Reader::end() {
  if (over_) return;
  over_ = true;
  trace_.note(name_, "is through, " + std::to_string(static_cast<int>(harness_.close().end)));
  if (!harness_.refused().empty()) oracle_.complain("an order of " + user_ + " was refused");
  if (deletion_ && ended_well()) oracle_.deleted(*deletion_, Oracle::Outcome::acknowledged);
}

}  // namespace fermo::simulation
