#include <gtest/gtest.h>

#include <random>

#include "pop3/client_harness.h"

/// Servers that lie, break off, never end or put words in: what comes of each, wherever its octets are cut.
namespace fermo::pop3::client {
namespace {

using namespace std::string_literals;

/// What the server does after one line of the client's.
struct Turn {
  std::string octets;
  enum class Then { goes_on, hangs_up, stays_silent } then = Then::goes_on;
};
constexpr auto hangs_up = Turn::Then::hangs_up;
constexpr auto stays_silent = Turn::Then::stays_silent;

struct Misbehaviour {
  std::string name;
  /// The greeting, then one turn for each line of the client's. When they have run out, the server is silent.
  std::vector<Turn> turns;
  std::deque<Order> orders = {};
  End end = End::protocol_violation;
  ResponseCode code = ResponseCode::none;
  /// In Close::text.
  std::string text = {};
  /// The content of the messages that were received whole.
  std::vector<std::string> messages = {};
  Tls tls = Tls::implicit;
  Pipelining pipelining = Pipelining::probe;
  bool suspected = false;
  /// What matters is what arrives together with what.
  bool cut = true;
};

void PrintTo(const Misbehaviour& misbehaviour, std::ostream* out) {
  *out << misbehaviour.name;
}

const std::string greeting = "+OK ready\r\n";
const std::string no_capa = "-ERR what?\r\n";
const std::string capa = "+OK\r\nUSER\r\nPIPELINING\r\nSTLS\r\n.\r\n";
const std::string ok = "+OK\r\n";
const MessageNumber first = MessageNumber::at_index(0);
const MessageNumber second = MessageNumber::at_index(1);

/// As far as the login, without CAPA; then these turns.
std::vector<Turn> logged_in(std::vector<Turn> turns) {
  std::vector<Turn> all = {{greeting}, {no_capa}, {ok}, {ok}};
  all.insert(all.end(), turns.begin(), turns.end());
  return all;
}

/// The same with a server that announces PIPELINING.
std::vector<Turn> pipelining(std::vector<Turn> turns) {
  std::vector<Turn> all = {{greeting}, {capa}, {ok}, {ok}, {capa}};
  all.insert(all.end(), turns.begin(), turns.end());
  return all;
}

std::string repeated(const std::string& line, std::size_t times) {
  std::string lines;
  for (; times > 0; --times) lines += line;
  return lines;
}

std::string listing_of(std::size_t lines) {
  std::string listing = ok;
  for (std::size_t i = 1; i <= lines; ++i) listing += std::to_string(i) + " 1\r\n";
  return listing;
}

std::vector<Misbehaviour> greetings() {
  return {
      {.name = "HangsUpBeforeTheGreeting", .turns = {{"", hangs_up}}, .end = End::disconnected},
      {.name = "NeverGreets", .turns = {{"", stays_silent}}, .end = End::timed_out},
      {.name = "BreaksOffInTheGreeting", .turns = {{"+OK rea", hangs_up}}, .end = End::disconnected},
      {.name = "TurnsUsAway",
       .turns = {{"-ERR [SYS/TEMP] try later\r\n", hangs_up}},
       .end = End::turned_away,
       .code = ResponseCode::sys_temp,
       .text = "[SYS/TEMP] try later"},
      {.name = "GreetsAsSmtp", .turns = {{"220 mx.example.org ESMTP\r\n"}}, .text = "220 mx.example.org"},
      {.name = "GreetsWithAChallenge", .turns = {{"+ hello\r\n"}}},
      {.name = "GreetsWithAnEndlessLine", .turns = {{"+OK " + std::string(5000, 'x'), stays_silent}}},
      {.name = "GreetsWithALongLine", .turns = {{"+OK " + std::string(5000, 'x') + "\r\n"}}},
      {.name = "GreetsTwice", .turns = {{"+OK one\r\n+OK two\r\n"}}, .cut = false},
      {.name = "GreetsWithNulsAndEscapes",
       .turns = {{"-ERR \0\x1B[2J\x9B\xE2\x80\xAE\r\n"s}},
       .end = End::turned_away,
       .text = "??[2J????"},
      {.name = "NeverEndsItsCapabilities", .turns = {{greeting}, {ok + repeated("X\r\n", 300)}}},
      {.name = "BreaksOffInItsCapabilities",
       .turns = {{greeting}, {"+OK\r\nUSER\r\n", hangs_up}},
       .end = End::disconnected},
  };
}

std::vector<Misbehaviour> starting_tls() {
  const auto stls = [](std::vector<Turn> turns) {
    std::vector<Turn> all = {{greeting}, {capa}};
    all.insert(all.end(), turns.begin(), turns.end());
    return all;
  };
  return {
      {.name = "HidesStls",
       .turns = {{greeting}, {"+OK\r\nUSER\r\n.\r\n"}},
       .end = End::stls_not_offered,
       .tls = Tls::stls},
      {.name = "RefusesStls",
       .turns = stls({{"-ERR no TLS today\r\n"}}),
       .end = End::stls_refused,
       .text = "no TLS today",
       .tls = Tls::stls},
      {.name = "KnowsNeitherCapaNorStls",
       .turns = {{greeting}, {no_capa}, {no_capa}},
       .end = End::stls_refused,
       .tls = Tls::stls},
      {.name = "AnswersTheNextCommandBeforeTls",
       .turns = stls({{ok + ok}}),
       .end = End::injected,
       .tls = Tls::stls,
       .cut = false},
      {.name = "PutsHalfALineBeforeTls",
       .turns = stls({{ok + "+"}}),
       .end = End::injected,
       .tls = Tls::stls,
       .cut = false},
      {.name = "AnswersStlsBeforeItIsSent",
       .turns = {{greeting}, {capa + ok}},
       .end = End::injected,
       .tls = Tls::stls,
       .cut = false},
      {.name = "HangsUpAtStls", .turns = stls({{"", hangs_up}}), .end = End::disconnected, .tls = Tls::stls},
      {.name = "NeverAnswersStls", .turns = stls({{"+OK", stays_silent}}), .end = End::timed_out, .tls = Tls::stls},
  };
}

std::vector<Misbehaviour> logins() {
  return {
      {.name = "RefusesTheUser",
       .turns = {{greeting}, {no_capa}, {"-ERR who?\r\n"}},
       .end = End::login_refused,
       .text = "who?"},
      {.name = "RefusesThePassword",
       .turns = {{greeting}, {no_capa}, {ok}, {"-ERR [AUTH] no\r\n"}},
       .end = End::login_refused,
       .code = ResponseCode::auth},
      {.name = "HoldsTheMaildrop",
       .turns = {{greeting}, {no_capa}, {ok}, {"-ERR [in-use] locked\r\n"}},
       .end = End::login_refused,
       .code = ResponseCode::in_use},
      {.name = "WantsUsToWait",
       .turns = {{greeting}, {no_capa}, {ok}, {"-ERR [LOGIN-DELAY] 300\r\n"}},
       .end = End::login_refused,
       .code = ResponseCode::login_delay},
      {.name = "SaysThatTheServiceIsOff",
       .turns = {{greeting}, {no_capa}, {ok}, {"-ERR [SYS/PERM] POP3 is off\r\n"}},
       .end = End::login_refused,
       .code = ResponseCode::sys_perm},
      {.name = "ChallengesUser", .turns = {{greeting}, {no_capa}, {"+ more\r\n"}}},
      {.name = "HangsUpAtThePassword",
       .turns = {{greeting}, {no_capa}, {ok}, {"", hangs_up}},
       .end = End::disconnected},
      {.name = "ChallengesForEver",
       .turns = {{greeting},
                 {"+OK\r\nSASL LOGIN\r\n.\r\n"},
                 {"+ VXNlcm5hbWU6\r\n"},
                 {"+ UGFzc3dvcmQ6\r\n"},
                 {"+ UGFzc3dvcmQ6\r\n"}}},
      {.name = "ChallengesInNoBase64", .turns = {{greeting}, {"+OK\r\nSASL CRAM-MD5\r\n.\r\n"}, {"+ !!!\r\n"}}},
      {.name = "AcceptsWithoutCredentials",
       .turns = {{greeting}, {"+OK\r\nSASL LOGIN\r\n.\r\n"}, {ok}},
       .end = End::server_not_authentic},
      {.name = "AcceptsScramWithoutProof",
       .turns = {{greeting}, {"+OK\r\nSASL SCRAM-SHA-256\r\n.\r\n"}, {ok}},
       .end = End::server_not_authentic},
      {.name = "AsksScramForTooFewIterations",
       .turns = {{greeting}, {"+OK\r\nSASL SCRAM-SHA-256\r\n.\r\n"}, {"+ cj14LHM9QUFBQSxpPTE=\r\n"}},  // r=x,s=AAAA,i=1
       .text = "iteration count"},
      {.name = "SaysMoreBehindTheLogin", .turns = {{greeting}, {no_capa}, {ok}, {ok + "+OK 5 5\r\n"}}, .cut = false},
  };
}

std::vector<Misbehaviour> numbers() {
  return {
      {.name = "AnswersStatWithoutNumbers", .turns = logged_in({{"+OK many messages\r\n"}}), .orders = {Order::stat()}},
      {.name = "AnswersStatWithLines",
       .turns = logged_in({{"+OK 1 1\r\n1 1\r\n.\r\n"}}),
       .orders = {Order::stat()},
       .cut = false},
      {.name = "AnswersStatWithNothing", .turns = logged_in({{"\r\n"}}), .orders = {Order::stat()}},
      {.name = "ChallengesStat", .turns = logged_in({{"+ \r\n"}}), .orders = {Order::stat()}},
      {.name = "NeverEndsItsListing",
       .turns = logged_in({{"+OK 3 3\r\n"}, {listing_of(1100)}}),
       .orders = {Order::stat(), Order::list()},
       .text = "no end"},
      {.name = "FillsItsListingWithLongLines",
       .turns = logged_in({{"+OK 30 30\r\n"}, {ok + repeated("1 " + std::string(4000, 'x') + "\r\n", 20)}}),
       .orders = {Order::stat(), Order::uidl()},
       .text = "too many octets"},
      {.name = "NeverEndsALineOfItsListing",
       .turns = logged_in({{ok + "1 " + std::string(5000, '1'), stays_silent}}),
       .orders = {Order::list()},
       .text = "too long"},
      {.name = "BreaksOffInItsListing",
       .turns = logged_in({{ok + "1 1\r\n", hangs_up}}),
       .orders = {Order::list()},
       .end = End::disconnected},
      {.name = "LeavesOutTheEndOfItsListing",
       .turns = logged_in({{ok + "1 1\r\n", stays_silent}}),
       .orders = {Order::list()},
       .end = End::timed_out},
      {.name = "AnswersForAnotherMessage",
       .turns = logged_in({{"+OK 2 abc\r\n"}}),
       .orders = {Order::uidl(first)},
       .text = "does not fit"},
      {.name = "AnswersUidlWithoutItsNumber", .turns = logged_in({{"+OK\r\n"}}), .orders = {Order::uidl(first)}},
      {.name = "AnswersListWithAnOctetCountThatIsNone",
       .turns = logged_in({{"+OK 1 big\r\n"}}),
       .orders = {Order::list(first)}},
      {.name = "ListsAllWhereOneWasAsked",
       .turns = logged_in({{"+OK\r\n1 1\r\n.\r\n"}}),
       .orders = {Order::list(first)},
       .cut = false},
  };
}

std::vector<Misbehaviour> messages() {
  const auto retr = [](const std::string& octets, Turn::Then then = Turn::Then::goes_on) {
    return logged_in({{octets, then}, {ok}});
  };
  const std::deque<Order> order = {Order::retr(first)};
  return {
      {.name = "BreaksOffInAMessage",
       .turns = retr("+OK\r\nSubject: x\r\n\r\ntex", hangs_up),
       .orders = order,
       .end = End::disconnected},
      {.name = "BreaksOffBeforeTheFinalDot",
       .turns = retr("+OK\r\ntext\r\n", hangs_up),
       .orders = order,
       .end = End::disconnected},
      {.name = "BreaksOffInTheFinalLine",
       .turns = retr("+OK\r\ntext\r\n.\r", hangs_up),
       .orders = order,
       .end = End::disconnected},
      {.name = "NeverEndsAMessage",
       .turns = retr("+OK\r\ntext\r\n", stays_silent),
       .orders = order,
       .end = End::timed_out},
      {.name = "NeverEndsALineOfAMessage",
       .turns = retr("+OK\r\n" + std::string(70'000, 'x') + "\r\n.\r\n"),
       .orders = order,
       .end = End::message_too_large},
      {.name = "EndsAMessageInBareLineFeeds",
       .turns = retr("+OK\r\ntext\n.\n", stays_silent),
       .orders = order,
       .end = End::timed_out},
      {.name = "HidesDotsBehindBareLineFeeds",
       .turns = retr("+OK\r\na\n.\nb\n.\r\nc\r.\r\nd\r\n.\ne\r\n.\r\n"),
       .orders = order,
       .end = End::quit,
       .messages = {"a\n.\nb\n.\r\nc\r.\r\nd\r\n\ne\r\n"}},
      {.name = "StuffsNoDots",
       .turns = retr("+OK\r\n.text\r\n.\r\n"),
       .orders = order,
       .end = End::quit,
       .messages = {"text\r\n"}},
      {.name = "EndsAMessageEarlyForWantOfAStuffedDot",
       .turns = retr("+OK\r\na\r\n.\r\nb\r\n.\r\n"),
       .orders = order,
       .messages = {"a\r\n"},
       .cut = false},
      {.name = "SendsNulsAndEightBitOctets",
       .turns = retr("+OK\r\n\0\xFF\xC3\r\n.\r\n"s),
       .orders = order,
       .end = End::quit,
       .messages = {"\0\xFF\xC3\r\n"s}},
      {.name = "AnnouncesMoreThanItSends",
       .turns = retr("+OK 5000000000 octets\r\na\r\n.\r\n"),
       .orders = order,
       .end = End::quit,
       .messages = {"a\r\n"}},
      {.name = "AnnouncesLessThanItSends",
       .turns = retr("+OK 1 octets\r\nabc\r\n.\r\n"),
       .orders = order,
       .end = End::quit,
       .messages = {"abc\r\n"}},
      {.name = "SendsAnEmptyMessage",
       .turns = retr("+OK\r\n.\r\n"),
       .orders = order,
       .end = End::quit,
       .messages = {""}},
      {.name = "RefusesOneMessage",
       .turns = logged_in({{"-ERR gone\r\n"}, {"+OK\r\nb\r\n.\r\n"}, {ok}}),
       .orders = {Order::retr(first), Order::retr(second)},
       .end = End::quit,
       .messages = {"b\r\n"}},
      {.name = "AnswersRetrWithNoReply", .turns = retr("Subject: x\r\n\r\n.\r\n"), .orders = order},
      {.name = "ShoutsInLowerCase",
       .turns =
           {{"+ok \r\n"}, {"-err\r\n"}, {"+Ok\r\n"}, {"+oK  \r\n"}, {"+ok 1 octets\r\na\r\n.\r\n"}, {"+ok bye \r\n"}},
       .orders = order,
       .end = End::quit,
       .messages = {"a\r\n"}},
      {.name = "EndsItsRepliesInBareLineFeeds",
       .turns = {{"+OK\n"}, {"+OK\nUSER\n.\n"}, {"+OK\n"}, {"+OK\n"}, {"-ERR\n"}, {"+OK\na\r\n.\r\n"}, {"+OK\n"}},
       .orders = order,
       .end = End::quit,
       .messages = {"a\r\n"}},
  };
}

std::vector<Misbehaviour> endings() {
  return {
      {.name = "RefusesToQuit",
       .turns = logged_in({{"-ERR [SYS/TEMP] some remain\r\n"}}),
       .end = End::quit_failed,
       .code = ResponseCode::sys_temp},
      {.name = "HangsUpAtQuit", .turns = logged_in({{"", hangs_up}}), .end = End::disconnected},
      {.name = "NeverAnswersQuit", .turns = logged_in({{"", stays_silent}}), .end = End::timed_out},
      {.name = "TalksOnAfterQuit",
       .turns = logged_in({{"+OK bye\r\n+OK bye\r\nbye\r\n"}}),
       .end = End::quit,
       .text = "bye"},
      {.name = "BreaksOffInTheAnswerToQuit", .turns = logged_in({{"+OK by", hangs_up}}), .end = End::disconnected},
  };
}

std::vector<Misbehaviour> pipelines() {
  const std::deque<Order> three = {Order::noop(), Order::noop(), Order::noop()};
  return {
      {.name = "HangsUpAtTwoCommandsAtOnce",
       .turns = pipelining({{"", hangs_up}}),
       .orders = three,
       .end = End::disconnected,
       .suspected = true},
      {.name = "ForgetsThePipelinedCommand",
       .turns = pipelining({{ok}, {"", stays_silent}}),
       .orders = three,
       .end = End::timed_out,
       .suspected = true},
      {.name = "MixesUpItsAnswers",
       .turns = pipelining({{"+OK 2 b\r\n"}, {"+OK 1 a\r\n"}}),
       .orders = {Order::uidl(first), Order::uidl(second)},
       .suspected = true},
      {.name = "HangsUpAtOneCommand",
       .turns = pipelining({{"", hangs_up}}),
       .orders = three,
       .end = End::disconnected,
       .pipelining = Pipelining::off},
      {.name = "HangsUpWherePipeliningHasWorked",
       .turns = pipelining({{"", hangs_up}}),
       .orders = three,
       .end = End::disconnected,
       .pipelining = Pipelining::on},
      {.name = "MixesUpItsAnswersWherePipeliningHasWorked",
       .turns = pipelining({{"+OK 2 b\r\n"}, {"+OK 1 a\r\n"}}),
       .orders = {Order::uidl(first), Order::uidl(second)},
       .pipelining = Pipelining::on,
       .suspected = true},
      {.name = "AnswersMoreThanItWasAsked",
       .turns = pipelining({{ok + ok + ok + ok + ok}}),
       .orders = {Order::noop()},
       .pipelining = Pipelining::off,
       .cut = false},
  };
}

std::vector<Misbehaviour> all() {
  std::vector<Misbehaviour> all;
  for (auto part : {greetings(), starting_tls(), logins(), numbers(), messages(), endings(), pipelines()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

Settings settings_of(const Misbehaviour& misbehaviour) {
  Settings settings;
  settings.tls = misbehaviour.tls;
  settings.user = "mrose";
  settings.secret = Secret("secret");
  settings.pipelining = misbehaviour.pipelining;
  settings.message_octets_max = 65'536;
  settings.listing_octets_max = 65'536;
  return settings;
}

/// How many octets arrive at once, at most; drawn anew for each piece.
using PieceMax = std::function<std::size_t()>;

/// Plays the server's part until the session has closed.
class Play {
 public:
  Play(const Misbehaviour& misbehaviour, const PieceMax& piece_max)
      : misbehaviour_(misbehaviour), piece_max_(piece_max), harness_(settings_of(misbehaviour), misbehaviour.orders) {
    unread_ = 1;  // the greeting answers what was not said
    for (const auto& turn : misbehaviour_.turns) {
      if (!take(turn)) return;
    }
    harness_.expire();
  }

  const Harness& harness() const { return harness_; }

 private:
  bool take(const Turn& turn) {
    count_lines();
    if (unread_ == 0 || harness_.closed()) return false;
    --unread_;
    send(turn.octets);
    if (turn.then == hangs_up) harness_.end_of_input();
    if (turn.then == stays_silent) harness_.expire();
    return turn.then == Turn::Then::goes_on;
  }

  void send(std::string_view octets) {
    while (!octets.empty() && !harness_.closed() && !harness_.tls_awaited()) {
      const auto piece = octets.substr(0, piece_max_());
      harness_.receive(piece);
      octets.remove_prefix(piece.size());
    }
  }

  void count_lines() { unread_ += static_cast<std::size_t>(std::ranges::count(harness_.take_sent(), '\n')); }

  const Misbehaviour& misbehaviour_;
  const PieceMax& piece_max_;
  Harness harness_;
  std::size_t unread_ = 0;  ///< Lines that the client has sent and the server not read.
};

void play_and_check(const Misbehaviour& misbehaviour, const PieceMax& piece_max) {
  const Play play(misbehaviour, piece_max);
  const Harness& harness = play.harness();
  ASSERT_TRUE(harness.closed()) << harness.trace();
  EXPECT_EQ(harness.close().end, misbehaviour.end) << harness.trace();
  EXPECT_EQ(harness.close().code, misbehaviour.code);
  EXPECT_THAT(harness.close().text, testing::HasSubstr(misbehaviour.text));
  EXPECT_EQ(harness.close().pipelining_suspected, misbehaviour.suspected);
  std::vector<std::string> contents;
  for (const auto& [order, content] : harness.messages()) contents.push_back(content);
  EXPECT_EQ(contents, misbehaviour.messages);
}

class HostileServer : public testing::TestWithParam<Misbehaviour> {};

TEST_P(HostileServer, GetsNothingByIt) {
  play_and_check(GetParam(), [] { return std::string::npos; });
}

TEST_P(HostileServer, GetsNothingByItOctetByOctet) {
  if (GetParam().cut) play_and_check(GetParam(), [] { return std::size_t{1}; });
}

TEST_P(HostileServer, GetsNothingByItInRandomPieces) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 10 && GetParam().cut && !HasFailure(); ++i) {
    play_and_check(GetParam(), [&random] { return std::size_t{1 + random() % 30}; });
  }
}

std::string name_of_case(const testing::TestParamInfo<Misbehaviour>& misbehaviour) {
  return misbehaviour.param.name;
}

INSTANTIATE_TEST_SUITE_P(All, HostileServer, testing::ValuesIn(all()), name_of_case);

TEST(HostileServers, AreAllThere) {
  EXPECT_GE(all().size(), 60U);
}

}  // namespace
}  // namespace fermo::pop3::client
