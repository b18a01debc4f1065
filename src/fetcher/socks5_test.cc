#include "fetcher/socks5.h"

#include <algorithm>
#include <utility>

#include "base/failure.h"

namespace fermo::fetcher::socks5 {
namespace {

using namespace std::string_literals;

/// A proxy that answers with these octets, cut as the handshake wants them. Returns what the handshake sent.
struct Played {
  std::vector<std::string> sent;
  std::size_t unread = 0;
  std::optional<Error> failed;
};

Played play(Handshake handshake, std::string_view answers) {
  Played played;
  for (;;) {
    const Handshake::Step step = handshake.next();
    if (const auto* const send = std::get_if<Handshake::Send>(&step)) {
      played.sent.push_back(send->octets);
    } else if (const auto* const want = std::get_if<Handshake::Receive>(&step)) {
      if (want->octets > answers.size()) {
        played.failed = Error::closed;
        return played;
      }
      handshake.receive(answers.substr(0, want->octets));
      answers.remove_prefix(want->octets);
    } else {
      if (const auto* const failed = std::get_if<Handshake::Failed>(&step)) played.failed = failed->why;
      played.unread = answers.size();
      return played;
    }
  }
}

const std::string welcome = "\x05\x00"s;
const std::string connected_v4 = "\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38"s;

TEST(Socks5Handshake, SendsTheNameOfTheHostToTheProxy) {
  const Played played = play(Handshake({}, "pop.example.org", 995), welcome + connected_v4);
  EXPECT_FALSE(played.failed);
  const std::vector<std::string> expected = {"\x05\x01\x00"s, "\x05\x01\x00\x03\x0fpop.example.org\x03\xe3"s};
  EXPECT_EQ(played.sent, expected);
}

TEST(Socks5Handshake, SendsAddressesAsAddresses) {
  EXPECT_EQ(play(Handshake({}, "192.0.2.1", 110), welcome + connected_v4).sent.back(),
            "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x6e"s);
  EXPECT_EQ(play(Handshake({}, "2001:db8::1", 110), welcome + connected_v4).sent.back(),
            "\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x6e"s);
}

TEST(Socks5Handshake, LogsInWhenTheProxyWantsIt) {
  const Login login{"ann", Secret("secret")};
  const Played played = play(Handshake(login, "h", 1), "\x05\x02\x01\x00"s + connected_v4);
  EXPECT_FALSE(played.failed);
  ASSERT_EQ(played.sent.size(), 3U);
  EXPECT_EQ(played.sent[0], "\x05\x02\x00\x02"s);
  EXPECT_EQ(played.sent[1], "\x01\x03"s + "ann\x06secret");
}

TEST(Socks5Handshake, KeepsThePasswordWhenTheProxyDoesNotWantIt) {
  const Played played = play(Handshake(Login{"ann", Secret("secret")}, "h", 1), welcome + connected_v4);
  EXPECT_FALSE(played.failed);
  EXPECT_TRUE(std::ranges::none_of(played.sent,
                                   [](const std::string& sent) { return sent.find("secret") != std::string::npos; }));
}

TEST(Socks5Handshake, LeavesWhatFollowsTheReplyUnread) {
  const std::string greeting = "+OK ready\r\n";
  const std::string v6 = "\x05\x00\x00\x04"s + std::string(18, 'x');
  const std::string name = "\x05\x00\x00\x03\x03xyz\x00\x01"s;
  for (const auto& reply : {connected_v4, v6, name}) {
    const Played played = play(Handshake({}, "h", 1), welcome + reply + greeting);
    EXPECT_FALSE(played.failed);
    EXPECT_EQ(played.unread, greeting.size());
  }
}

TEST(Socks5Handshake, KnowsEveryReplyOfTheRfc) {
  for (char reply = 1; reply <= 8; ++reply) {
    const std::string answer = "\x05"s + reply + "\x00\x01"s;
    EXPECT_EQ(play(Handshake({}, "h", 1), welcome + answer).failed, static_cast<Error>(reply));
  }
  EXPECT_EQ(play(Handshake({}, "h", 1), welcome + "\x05\x09\x00\x01"s).failed, Error::unknown_reply);
  EXPECT_EQ(play(Handshake({}, "h", 1), welcome + "\x05\xff\x00\x01"s).failed, Error::unknown_reply);
}

TEST(Socks5Handshake, SaysWhatIsWrongWithTheLogin) {
  const Login login{"ann", Secret("secret")};
  EXPECT_EQ(play(Handshake({}, "h", 1), "\x05\xff"s).failed, Error::login_required);
  EXPECT_EQ(play(Handshake({}, "h", 1), "\x05\x02"s).failed, Error::login_required);
  EXPECT_EQ(play(Handshake(login, "h", 1), "\x05\x02\x01\x01"s).failed, Error::login_refused);
  EXPECT_EQ(play(Handshake(Login{"", Secret("x")}, "h", 1), "").failed, Error::login_unusable);
  EXPECT_EQ(play(Handshake(Login{"ann", Secret(std::string(256, 'x'))}, "h", 1), "").failed, Error::login_unusable);
}

TEST(Socks5Handshake, RefusesWhatIsNoSocks5) {
  EXPECT_EQ(play(Handshake({}, "h", 1), "HTTP/1.1 400 Bad Request\r\n").failed, Error::not_socks5);
  EXPECT_EQ(play(Handshake({}, "h", 1), "\x04\x5a"s).failed, Error::not_socks5);
  EXPECT_EQ(play(Handshake({}, "h", 1), welcome + "\x05\x00\x00\x07"s).failed, Error::not_socks5);
}

TEST(Socks5Handshake, RefusesHostsThatCannotBeSent) {
  EXPECT_EQ(play(Handshake({}, std::string(256, 'h'), 1), "").failed, Error::host_unusable);
  EXPECT_EQ(play(Handshake({}, "", 1), "").failed, Error::host_unusable);
  EXPECT_FALSE(play(Handshake({}, std::string(255, 'h'), 1), welcome + connected_v4).failed);
}

TEST(Socks5Error, TellsWhatMayPass) {
  EXPECT_TRUE(make_error_code(Error::host_unreachable) == Failure::temporary);
  EXPECT_TRUE(make_error_code(Error::login_refused) == Failure::permanent);
}

}  // namespace
}  // namespace fermo::fetcher::socks5
