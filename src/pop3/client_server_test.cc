#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "pop3/simulation.h"

/// The client's core against the server's under a simulated clock: octets arrive cut and delayed at random, the line
/// breaks or falls silent anywhere, and the store fails.
namespace fermo::pop3 {
namespace {

using namespace std::chrono_literals;
using client::Harness;
using client::Order;
using simulation::Chance;
using simulation::Conversation;
using simulation::Faults;
using simulation::Message;
using simulation::Server;
using simulation::Time;

MessageNumber number(std::uint64_t value) {
  return *MessageNumber::from(value);
}

/// Dots, bare line ends, NULs and 8-bit octets in all places; ends in CRLF, as everything that a maildrop holds.
std::string random_content(Chance& chance) {
  static const std::vector<std::string> parts = {"Subject: x",
                                                 "\r\n",
                                                 "\r\n",
                                                 "\r\n",
                                                 ".",
                                                 "..",
                                                 ".\r\n",
                                                 "\n",
                                                 "\r",
                                                 "\n.\n",
                                                 "\n.\r\n",
                                                 "\r.\r\n",
                                                 "\r\n.\n",
                                                 "+OK",
                                                 "-ERR",
                                                 "text ",
                                                 "\xE9",
                                                 " ",
                                                 std::string(1, '\0'),
                                                 std::string(700, 'a')};
  std::string content;
  for (auto left = chance.below(30); left > 0; --left) content += parts[chance.below(parts.size())];
  if (chance.one_in(20)) content += std::string(70'000 + chance.below(70'000), '.');
  if (!content.empty() && !content.ends_with("\r\n")) content += "\r\n";
  return content;
}

struct World {
  explicit World(std::uint64_t seed) : chance(seed) {
    for (auto left = chance.below(chance.one_in(10) ? 400 : 12); left > 0; --left) arrive();
    settings.user = "mrose";
    settings.secret = Secret("secret");
    settings.tls = static_cast<client::Tls>(chance.below(3));
    settings.plaintext_logins = settings.tls == client::Tls::none;
    settings.pipelining = static_cast<client::Pipelining>(chance.below(3));
    settings.window_octets = 1 + chance.below(chance.one_in(2) ? 40 : 4000);
    switch (chance.below(3)) {
      case 0:
        settings.methods = {client::UserPass{}};
        break;
      case 1:
        settings.methods = {sasl::Mechanism::plain};
        break;
      default:
        break;
    }
    server_settings.host_name = "pop.example.org";
    server_settings.tls_available = true;
    server_settings.plaintext_logins = settings.plaintext_logins;
  }

  void arrive() { drop.push_back({"id" + std::to_string(++arrived), random_content(chance)}); }

  std::deque<Order> make_orders() {
    std::deque<Order> orders = {Order::stat(), Order::list(), Order::uidl()};
    for (std::uint64_t n = 1; n <= drop.size(); ++n) {
      if (chance.one_in(4)) orders.push_back(Order::uidl(number(n)));
      if (chance.one_in(4)) orders.push_back(Order::list(number(n)));
      if (chance.one_in(4)) orders.push_back(Order::top(number(n), 99'999'999));
      orders.push_back(Order::retr(number(n)));
      if (chance.one_in(2)) orders.push_back(Order::dele(number(n))), marked.push_back(number(n));
      if (chance.one_in(8)) orders.push_back(Order::noop());
      if (chance.one_in(8)) orders.push_back(Order::retr(number(drop.size() + n)));
    }
    return orders;
  }

  bool begins_with_tls() const { return settings.tls == client::Tls::implicit; }

  Chance chance;
  std::uint64_t arrived = 0;
  std::vector<Message> drop;
  std::vector<MessageNumber> marked;
  client::Settings settings;
  ServerSettings server_settings;
};

TEST(ClientAndServer, HandOverEveryMessageAsItWasStored) {
  std::size_t deepest = 0;
  int proven = 0;
  for (std::uint64_t seed = 1; seed <= 500 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    const Faults none;
    const std::vector<Message> stored = world.drop;
    Server server(world.server_settings, world.begins_with_tls(), world.drop, none, world.chance);
    Harness harness(world.settings, world.make_orders());
    Conversation(harness, server, none, world.chance).run();

    EXPECT_EQ(harness.close().end, client::End::quit) << harness.close().text;
    for (const auto& [order, content] : harness.messages()) EXPECT_EQ(content, stored[order.message->index()].content);
    EXPECT_EQ(harness.record().retrieved, stored.size());
    EXPECT_EQ(harness.status()->messages, stored.size());
    EXPECT_EQ(server.committed(), world.marked);
    EXPECT_EQ(harness.record().deleted, world.marked.size());
    ASSERT_GE(harness.unique_ids().size(), stored.size());
    for (std::size_t i = 0; i < stored.size(); ++i) {
      EXPECT_EQ(harness.unique_ids()[i].unique_id, stored[i].unique_id);
      EXPECT_EQ(harness.scan_listings()[i].octets.value, stored[i].content.size());
    }
    for (const auto& refused : harness.refused()) EXPECT_GT(refused.order.message->value(), stored.size());
    deepest = std::max(deepest, harness.deepest());
    proven += harness.record().pipelining_proven ? 1 : 0;
  }
  EXPECT_GT(deepest, 100U);
  EXPECT_GT(proven, 5);
}

Faults random_faults(Chance& chance) {
  Faults faults;
  // A session of a few messages takes some tenths of a second; time limits are minutes.
  if (chance.one_in(3)) faults.breaks_at = chance.up_to(chance.one_in(2) ? 300ms : 5s);
  if (chance.one_in(4)) faults.silent_at = chance.up_to(chance.one_in(2) ? 300ms : 5s);
  if (chance.one_in(3)) faults.store_fails_one_in = 1 + chance.below(60);
  if (chance.one_in(20)) faults.tls_fails = true;
  // So slow that now and then a limit is over before an answer is there.
  if (chance.one_in(10)) faults.latency_max = 90s;
  return faults;
}

/// What a user has at home, fetched in any number of sessions: it survives whatever happens to them.
class Home {
 public:
  /// One session: fetches what is not here yet, and if `deletes`, deletes what is.
  void fetch(World& world, const Faults& faults, bool deletes) {
    Server server(world.server_settings, world.begins_with_tls(), world.drop, faults, world.chance);
    Harness harness(world.settings, {Order::stat(), Order::uidl()}, false);
    Visit visit{.deletes = deletes, .unique_ids = {}};
    const auto act = [&] { take(harness, visit); };
    const Time took = Conversation(harness, server, faults, world.chance).run(act);

    ++ends_[harness.close().end];
    check_time(took, harness, faults);
    EXPECT_EQ(harness.record().deleted, harness.close().end == client::End::quit ? server.committed().size() : 0U);
    for (const MessageNumber gone : server.committed()) {
      EXPECT_TRUE(messages_.contains(visit.unique_ids[gone])) << "deleted before it was here";
    }
    const bool without_quit = server.end() == End::autologout || server.end() == End::disconnected;
    EXPECT_FALSE(without_quit && !server.committed().empty());
  }

  const std::map<std::string, std::string>& messages() const { return messages_; }
  /// How often a session ended how.
  const std::map<client::End, int>& ends() const { return ends_; }

 private:
  struct Visit {
    bool deletes;
    std::map<MessageNumber, std::string> unique_ids;
    std::size_t messages_taken = 0;
    bool ordered = false;
    bool quits = false;
  };

  void take(Harness& harness, Visit& visit) {
    for (; visit.messages_taken < harness.messages().size(); ++visit.messages_taken) {
      const auto& [order, content] = harness.messages()[visit.messages_taken];
      EXPECT_TRUE(messages_.emplace(visit.unique_ids[*order.message], content).second) << "fetched twice";
      if (visit.deletes && !harness.closed()) harness.order(Order::dele(*order.message));
    }
    if (harness.closed()) return;
    if (harness.listings_ended() > 0 && !std::exchange(visit.ordered, true)) order(harness, visit);
    if (harness.ready() && harness.idle() && !std::exchange(visit.quits, true)) harness.order(Order::quit());
  }

  void order(Harness& harness, Visit& visit) const {
    for (const auto& entry : harness.unique_ids()) visit.unique_ids[entry.number] = entry.unique_id;
    for (const auto& [number, unique_id] : visit.unique_ids) {
      if (!messages_.contains(unique_id)) harness.order(Order::retr(number));
      if (messages_.contains(unique_id) && visit.deletes) harness.order(Order::dele(number));
    }
  }

  /// Whatever the line does, the client waits no longer than its limit.
  static void check_time(Time took, const Harness& harness, const Faults& faults) {
    const Time noticed = faults.breaks_at.value_or(Time::max());
    EXPECT_LE(took, noticed);
    const Time lost = faults.silent_at ? *faults.silent_at + faults.latency_max + harness.time_limit() : Time::max();
    EXPECT_LE(took, lost);
  }

  std::map<std::string, std::string> messages_;
  std::map<client::End, int> ends_;
};

TEST(ClientAndServer, FetchEachMessageOnceWhateverHappensToTheirSessions) {
  std::map<client::End, int> ends;
  int sessions = 0;
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t seed = 1; seed <= 1500 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    const bool deletes = world.chance.one_in(2);
    std::map<std::string, std::string> arrived;
    const auto note_arrivals = [&] {
      for (const Message& message : world.drop) arrived.emplace(message.unique_id, message.content);
    };
    Home home;
    note_arrivals();
    for (auto left = world.chance.below(8); left > 0 && !testing::Test::HasFailure(); --left, ++sessions) {
      home.fetch(world, random_faults(world.chance), deletes);
      if (world.chance.one_in(2)) world.arrive();
      note_arrivals();
    }
    home.fetch(world, Faults(), deletes);
    ++sessions;
    EXPECT_EQ(home.messages(), arrived);
    EXPECT_EQ(world.drop.size(), deletes ? 0 : arrived.size());
    for (const auto& [end, times] : home.ends()) ends[end] += times;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  RecordProperty("sessions", sessions);
  RecordProperty("sessions_a_second", static_cast<int>(sessions / took.count()));
  using client::End;
  for (const End end : {End::quit, End::quit_failed, End::disconnected, End::timed_out, End::tls_failed}) {
    EXPECT_GT(ends[end], 5) << "an end that hardly came up: " << static_cast<int>(end);
  }
}

TEST(ClientAndServer, SayAWrongPasswordAlike) {
  World world(1);
  world.settings.secret = Secret("wrong");
  const Faults none;
  Server server(world.server_settings, world.begins_with_tls(), world.drop, none, world.chance);
  Harness harness(world.settings, {});
  Conversation(harness, server, none, world.chance).run();
  EXPECT_EQ(harness.close().end, client::End::login_refused);
  EXPECT_EQ(harness.close().code, client::ResponseCode::auth);
  EXPECT_EQ(harness.close().text, "[AUTH] Login refused");
}

}  // namespace
}  // namespace fermo::pop3
