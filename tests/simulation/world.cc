#include "simulation/world.h"

#include <algorithm>

#include "simulation/reader.h"
#include "simulation/sender.h"

namespace fermo::simulation {

using namespace std::chrono_literals;
using Loss = crash::DiskJournal::Loss;

namespace {

constexpr Timestamp begin_of_time{std::chrono::seconds(1'700'000'000)};

}  // namespace

World::World(std::uint64_t seed, Mutation mutation, Trace::Show show)
    : chance_(seed), mutation_(mutation), trace_(std::move(show)), machine_(trace_, mutation != Mutation::not_synced) {}

Outcome World::run() {
  for (std::size_t lives = 2 + chance_.below(3); lives > 0 && oracle_.complaints().empty(); --lives) live(lives == 1);
  // What counts in the end is what is there after everything has stood still without power.
  if (oracle_.complaints().empty()) {
    end_life(Death::by_power, Loss::everything);
    if (start()) inspect();
  }
  outcome_.complaints = oracle_.complaints();
  outcome_.digest = trace_.digest();
  outcome_.events = trace_.events();
  outcome_.messages_acknowledged = oracle_.acknowledged();
  outcome_.deletions_acknowledged = oracle_.deletions_acknowledged();
  return outcome_;
}

/// From a start of the server to its end; the last one lasts until nobody has anything more to do.
void World::live(bool last) {
  do plan_death(last);
  while (!start());
  if (!oracle_.complaints().empty()) return;
  if (!inspect()) {
    if (oracle_.complaints().empty()) die();
    return;
  }
  clients_to_come_ = 1 + chance_.below(14);
  client_comes_at_ = now_;
  upkeep_at_ = draw_soon(500ms);
  while (alive_ && (clients_to_come_ > 0 || !lines_.empty()) && oracle_.complaints().empty()) step();
  if (alive_ && !last && oracle_.complaints().empty()) die();
}

void World::plan_death(bool last) {
  dies_at_.reset();
  if (last) return;
  // Within the starting, within the work, or between two changes of the disk.
  if (chance_.one_in(3)) {
    machine_.disk().cut_after(chance_.below(90));
  } else if (chance_.one_in(2)) {
    machine_.disk().cut_after(60 + chance_.below(300));
  } else {
    dies_at_ = draw_soon(chance_.one_in(2) ? Time(1s) : Time(10s));
  }
}

/// False when the power failed meanwhile.
bool World::start() {
  ++starts_;
  if (chance_.one_in(6)) skew_ = chance_.up_to(2h) - Time(1h);
  trace_.at(now_);
  machine_.clock().set(begin_of_time + now_ + skew_);
  const auto wrong = machine_.start();
  alive_ = true;
  if (machine_.disk().is_cut()) {
    ++outcome_.cuts_while_starting;
    die();
    return false;
  }
  if (wrong) oracle_.complain(*wrong);
  return true;
}

/// One thing after the other, on all lines.
void World::step() {
  std::optional<Event> event = next_event();
  now_ = event->at;
  trace_.at(now_);
  machine_.clock().set(begin_of_time + now_ + skew_);
  event->happens();
  if (machine_.disk().is_cut()) return die();
  for (const auto& line : lines_) line->pass_on(now_);
  std::erase_if(lines_, [](const auto& line) { return line->over(); });
}

std::optional<Event> World::next_event() {
  std::optional<Event> first;
  const auto consider = [&](Event event) {
    if (!first || event.at < first->at) first = std::move(event);
  };
  if (alive_ && dies_at_) consider({std::max(*dies_at_, now_), [this] { die(); }});
  if (alive_ && clients_to_come_ > 0) consider({client_comes_at_, [this] { client_comes(); }});
  if (alive_ && clients_to_come_ > 0) consider({upkeep_at_, [this] { upkeep(); }});
  for (const auto& line : lines_) {
    if (auto next = line->next(now_)) consider(std::move(*next));
  }
  return first;
}

// --- The end ---------------------------------------------------------------------------------------------------------

Loss World::draw_loss() {
  return std::array{Loss::everything, Loss::tail, Loss::torn}[chance_.below(3)];
}

void World::die() {
  const std::size_t drawn = chance_.below(machine_.disk().is_cut() ? 4 : 5);
  if (drawn < 3) return end_life(Death::by_power, draw_loss());
  end_life(drawn == 3 ? Death::by_kill : Death::in_order, Loss::nothing);
}

void World::end_life(Death death, Loss loss) {
  if (!alive_) return;
  alive_ = false;
  dies_at_.reset();
  constexpr std::string_view names[] = {"loses its power", "is killed", "shuts down"};
  trace_.note("server", names[static_cast<std::size_t>(death)]);
  if (death == Death::by_power) ++outcome_.power_cuts;
  if (death == Death::by_kill) ++outcome_.kills;
  // From here on nothing that anybody does to the disk counts.
  if (death != Death::in_order && !machine_.disk().is_cut()) machine_.disk().cut_after(0);
  for (const auto& line : lines_) {
    const bool noticed = death != Death::by_power || chance_.one_in(2);
    line->lose_server(noticed ? std::optional(draw_soon(chance_.one_in(2) ? Time(100ms) : Time(1min))) : std::nullopt);
  }
  if (death == Death::in_order) machine_.shut_down();
  machine_.lose_power(loss, chance_.below(1'000'000));
  trace_.note("disk", "has lost what was not safe, " + std::to_string(static_cast<int>(loss)));
  // The clients hear of it, or wait in vain, before the server is there again: what they know is what they know.
  const Time back_at = draw_soon(1min);
  std::erase_if(lines_, [](const auto& line) { return line->over(); });
  while (!lines_.empty()) {
    const auto event = next_event();
    now_ = event->at;
    trace_.at(now_);
    event->happens();
    std::erase_if(lines_, [](const auto& line) { return line->over(); });
  }
  now_ = std::max(now_, back_at);
}

// --- Clients ---------------------------------------------------------------------------------------------------------

Place World::place(std::string name) {
  return {.name = std::move(name), .machine = machine_, .trace = trace_, .mutation = mutation_, .starts = starts_};
}

Weather World::draw_weather() {
  Weather weather;
  weather.latency_max = chance_.one_in(12) ? Time(90s) : Time(20'000);
  switch (chance_.below(12)) {
    case 0:
      weather.breaks_at = draw_soon(chance_.one_in(2) ? Time(300ms) : Time(3s));
      break;
    case 1:
      weather.breaks_after_octets = chance_.below(chance_.one_in(2) ? 300 : 20'000);
      break;
    case 2:
      weather.silent_at = draw_soon(chance_.one_in(2) ? Time(300ms) : Time(3s));
      break;
    case 3:
      weather.half_closed_at = draw_soon(500ms);
      break;
    default:
      break;
  }
  return weather;
}

void World::client_comes() {
  --clients_to_come_;
  client_comes_at_ = draw_soon(chance_.one_in(8) ? Time(4s) : Time(200ms));
  const std::string name = "line " + std::to_string(++lines_begun_);
  const Weather weather = draw_weather();
  std::unique_ptr<End> client;
  std::unique_ptr<ServerEnd> server;
  if (chance_.one_in(2)) {
    client = draw_sender(name);
    server = std::make_unique<LmtpEnd>(place(name));
  } else {
    client = draw_reader(name);
    server = std::make_unique<Pop3End>(place(name));
  }
  lines_.push_back(std::make_unique<Line>(weather, chance_, now_, std::move(client), std::move(server)));
}

std::unique_ptr<End> World::draw_reader(const std::string& name) {
  Reader::Plan plan;
  plan.retrieves_one_in = 1 + chance_.below(2);
  plan.retrieves_again_one_in = 1 + chance_.below(4);
  plan.deletes_one_in = chance_.below(4);
  plan.changes_its_mind = chance_.one_in(10);
  plan.quits = !chance_.one_in(8);
  plan.pipelining = static_cast<pop3::client::Pipelining>(chance_.below(3));
  plan.window_octets = 1 + chance_.below(1000);
  std::string user(users[chance_.below(users.size())]);
  return std::make_unique<Reader>(name, std::move(user), plan, oracle_, chance_, trace_);
}

std::unique_ptr<End> World::draw_sender(const std::string& name) {
  Sender::Plan plan;
  plan.messages = 1 + chance_.below(4);
  plan.recipients_max = 1 + chance_.below(4);
  plan.pipelining = chance_.one_in(2);
  plan.chunks = chance_.one_in(4);
  plan.leaves_in_content = chance_.one_in(10);
  return std::make_unique<Sender>(name, plan, oracle_, chance_, trace_);
}

void World::upkeep() {
  upkeep_at_ = draw_soon(1s);
  const std::size_t drawn = chance_.below(8);
  if (drawn < 4) return machine_.work_in_background();
  if (drawn < 7) return machine_.flush();
  const auto swept = machine_.store().sweep();
  trace_.note("store", swept ? "swept" : "cannot be swept");
}

// --- What is there ---------------------------------------------------------------------------------------------------

/// The first sessions after a start, on good lines. False when the server does not live through them.
bool World::inspect() {
  Oracle::Found found;
  if (!read_everything(found)) return false;
  oracle_.judge(found);
  return deliver_one();
}

/// On a line on which nothing goes wrong and no time passes. False when the power failed meanwhile.
bool World::talk(End& client, ServerEnd& server) {
  while (!client.over() || !server.over()) {
    const std::string to_server = client.take_sent();
    if (!to_server.empty()) server.receive(to_server);
    if (server.works()) server.work();
    if (machine_.disk().is_cut()) return false;
    const std::string to_client = server.take_sent();
    if (!to_client.empty()) client.receive(to_client);
    if (!to_server.empty() || !to_client.empty() || server.works()) continue;
    if (client.over() && !server.over()) server.end_of_input();
    if (server.over() && !client.over()) client.end_of_input();
  }
  return true;
}

bool World::read_everything(Oracle::Found& found) {
  for (const std::string_view user : users) {
    const std::string name = "inspection of " + std::string(user);
    Reader reader(name, std::string(user), {.pipelining = pop3::client::Pipelining::on}, oracle_, chance_, trace_);
    Pop3End server(place(name));
    if (!talk(reader, server)) return false;
    if (!reader.ended_well()) {
      oracle_.complain("the first session of " + std::string(user) + " after a start does not go well");
      return false;
    }
    found[std::string(user)] = reader.retrieved();
  }
  for (const auto& [user, messages] : found) {
    const auto counted = machine_.store().recount(*DropId::from(user));
    if (!counted || counted->messages != messages.size()) oracle_.complain("the counters of " + user + " are wrong");
  }
  return true;
}

bool World::deliver_one() {
  const std::string name = "delivery after the start";
  Sender sender(name, {}, oracle_, chance_, trace_);
  LmtpEnd server(place(name));
  if (!talk(sender, server)) return false;
  if (!sender.ended_well()) oracle_.complain("the first delivery after a start does not go well");
  return true;
}

}  // namespace fermo::simulation
