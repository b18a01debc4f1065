#include <gtest/gtest.h>

#include <random>

#include "mail/dot_codec.h"
#include "mail/wire_message.h"
#include "pop3/client_harness.h"
#include "pop3/server_session.h"

/// The client's core against the server's, joined in memory: octets arrive cut at random and in any order of turns, and
/// the line breaks anywhere.
namespace fermo::pop3 {
namespace {

using client::Harness;
using client::Order;

MessageNumber number(std::uint64_t value) {
  return *MessageNumber::from(value);
}

/// Obeys the steps of a server session over messages in memory.
class Server {
 public:
  Server(const ServerSettings& settings, bool tls_active, std::vector<std::string> contents)
      : session_(settings, tls_active), contents_(std::move(contents)) {
    obey();
  }

  void receive(std::string_view octets) {
    if (closed_) return;
    session_.receive(octets);
    obey();
  }
  std::string take_sent(std::size_t octets) {
    auto piece = sent_.substr(0, octets);
    sent_.erase(0, piece.size());
    return piece;
  }
  bool tls_awaited() const { return tls_awaited_; }
  void answer_tls() {
    tls_awaited_ = false;
    session_.answer(TlsStarted{true});
    obey();
  }
  bool closed() const { return closed_; }
  bool anything_to_send() const { return !sent_.empty(); }
  const std::vector<MessageNumber>& committed() const { return committed_; }

 private:
  void obey() {
    while (!closed_ && !tls_awaited_) {
      Step step = session_.next();
      if (std::holds_alternative<NeedInput>(step)) return;
      std::visit([this](auto& concrete) { take(concrete); }, step);
    }
  }

  void take(NeedInput&) {}
  void take(Send& send) { sent_ += send.octets; }
  void take(StartTls&) { tls_awaited_ = true; }
  void take(Verify& verify) {
    const bool right = verify.login.authentication_identity == "mrose" && verify.login.password.reveal() == "secret";
    session_.answer(Verified{right ? sasl::Verdict::accepted : sasl::Verdict::refused, "mrose"});
  }
  void take(OpenMaildrop&) {
    mail::DropListing listing{.messages = contents_.size(), .octets = {}};
    for (const auto& content : contents_) listing.octets += Octets{content.size()};
    session_.answer(MaildropOpened{listing});
  }
  void take(ReadScanListings& read) {
    std::vector<mail::ScanListing> listings;
    for (auto n = read.first.value(); n < read.first.value() + read.count; ++n) {
      listings.push_back(
          {.unique_id = *mail::UniqueId::from("id" + std::to_string(n)), .octets = {contents_[n - 1].size()}});
    }
    session_.answer(ScanListings{std::move(listings)});
  }
  void take(SendMessage& message) {
    const auto& content = contents_[message.number.index()];
    std::string wire;
    mail::WireEncoder encoder(mail::WireEncoder::BareLf::keep);
    encoder.encode(content, wire);
    const auto summary = encoder.finish(wire);
    if (message.body_lines) {
      mail::TopFilter filter(summary.header_wire_octets, *message.body_lines);
      wire.resize(filter.pass(wire).size());
    }
    sent_ += message.preface + wire;
    session_.answer(MessageSent{{}, true});
  }
  void take(Commit& commit) {
    committed_ = commit.deletions;
    session_.answer(Committed{{}});
  }
  void take(Close&) { closed_ = true; }

  ServerSession session_;
  std::vector<std::string> contents_;
  std::string sent_;
  bool tls_awaited_ = false;
  bool closed_ = false;
  std::vector<MessageNumber> committed_;
};

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 random_;
};

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
    for (auto left = chance.below(chance.one_in(10) ? 400 : 12); left > 0; --left) {
      contents.push_back(random_content(chance));
    }
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

  std::deque<Order> make_orders() {
    std::deque<Order> orders = {Order::stat(), Order::list(), Order::uidl()};
    for (std::uint64_t n = 1; n <= contents.size(); ++n) {
      if (chance.one_in(4)) orders.push_back(Order::uidl(number(n)));
      if (chance.one_in(4)) orders.push_back(Order::list(number(n)));
      if (chance.one_in(4)) orders.push_back(Order::top(number(n), 99'999'999));
      orders.push_back(Order::retr(number(n)));
      if (chance.one_in(2)) orders.push_back(Order::dele(number(n))), marked.push_back(number(n));
      if (chance.one_in(8)) orders.push_back(Order::noop());
      if (chance.one_in(8)) orders.push_back(Order::retr(number(contents.size() + n)));
    }
    return orders;
  }

  Chance chance;
  std::vector<std::string> contents;
  std::vector<MessageNumber> marked;
  client::Settings settings;
  ServerSettings server_settings;
};

/// Carries octets between the two until both have closed, or until `octets_left` have come from the server.
void converse(Harness& harness, Server& server, Chance& chance, std::size_t octets_left) {
  std::string to_server;
  while (!harness.closed() && octets_left > 0) {
    to_server += harness.take_sent();
    const bool hear = server.anything_to_send() && !harness.tls_awaited();
    if (hear && (to_server.empty() || chance.one_in(2))) {
      const auto piece = server.take_sent(std::min(octets_left, 1 + chance.below(chance.one_in(2) ? 8 : 20'000)));
      octets_left -= piece.size();
      harness.receive(piece);
    } else if (!to_server.empty()) {
      const auto octets = std::min(to_server.size(), 1 + chance.below(64));
      server.receive(std::string_view(to_server).substr(0, octets));
      to_server.erase(0, octets);
    } else {
      ASSERT_TRUE(harness.tls_awaited() && server.tls_awaited());
      server.answer_tls();
      harness.answer_tls(true);
    }
  }
  harness.end_of_input();
}

/// Every message that ended is what was stored.
void check_messages(const Harness& harness, const std::vector<std::string>& contents) {
  for (const auto& [order, content] : harness.messages()) {
    ASSERT_LE(order.message->value(), contents.size());
    EXPECT_EQ(content, contents[order.message->index()]) << "message " << order.message->value();
  }
}

TEST(ClientAndServer, HandOverEveryMessageAsItWasStored) {
  std::size_t deepest = 0;
  int proven = 0;
  for (std::uint64_t seed = 1; seed <= 500 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    Server server(world.server_settings, world.settings.tls == client::Tls::implicit, world.contents);
    Harness harness(world.settings, world.make_orders());
    converse(harness, server, world.chance, SIZE_MAX);

    ASSERT_TRUE(harness.closed());
    EXPECT_EQ(harness.close().end, client::End::quit) << harness.close().text;
    check_messages(harness, world.contents);
    EXPECT_EQ(harness.record().retrieved, world.contents.size());
    EXPECT_EQ(harness.status()->messages, world.contents.size());
    EXPECT_EQ(server.committed(), world.marked);
    EXPECT_EQ(harness.record().deleted, world.marked.size());
    ASSERT_GE(harness.unique_ids().size(), world.contents.size());
    for (std::size_t i = 0; i < world.contents.size(); ++i) {
      EXPECT_EQ(harness.unique_ids()[i].unique_id, "id" + std::to_string(i + 1));
      EXPECT_EQ(harness.scan_listings()[i].octets.value, world.contents[i].size());
    }
    for (const auto& refused : harness.refused()) EXPECT_GT(refused.order.message->value(), world.contents.size());
    deepest = std::max(deepest, harness.deepest());
    proven += harness.record().pipelining_proven ? 1 : 0;
  }
  EXPECT_GT(deepest, 100U);
  EXPECT_GT(proven, 5);
}

TEST(ClientAndServer, NeverTakePartOfAMessageForTheWholeWhenTheLineBreaks) {
  int unfinished = 0;
  for (std::uint64_t seed = 1; seed <= 500 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    Server server(world.server_settings, world.settings.tls == client::Tls::implicit, world.contents);
    Harness harness(world.settings, world.make_orders());
    converse(harness, server, world.chance, 1 + world.chance.below(world.chance.one_in(2) ? 1'000 : 50'000));

    ASSERT_TRUE(harness.closed());
    check_messages(harness, world.contents);
    unfinished += harness.message_open() ? 1 : 0;
    // What was deleted unknown to the client is fetched again; what it takes for deleted has to be.
    if (harness.close().end == client::End::quit) {
      EXPECT_EQ(server.committed(), world.marked);
    } else {
      EXPECT_EQ(harness.close().end, client::End::disconnected);
      EXPECT_EQ(harness.record().deleted, 0U);
    }
  }
  EXPECT_GT(unfinished, 50);
}

TEST(ClientAndServer, SayAWrongPasswordAlike) {
  World world(1);
  world.settings.secret = Secret("wrong");
  Server server(world.server_settings, world.settings.tls == client::Tls::implicit, world.contents);
  Harness harness(world.settings, {});
  converse(harness, server, world.chance, SIZE_MAX);
  EXPECT_EQ(harness.close().end, client::End::login_refused);
  EXPECT_EQ(harness.close().code, client::ResponseCode::auth);
  EXPECT_EQ(harness.close().text, "[AUTH] Login refused");
}

}  // namespace
}  // namespace fermo::pop3
