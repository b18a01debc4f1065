#include "fetcher/remote_session.h"

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

#include "runtime/test_support.h"

namespace fermo::fetcher {
namespace {

namespace client = pop3::client;
namespace asio = boost::asio;
using std::chrono_literals::operator""s;

asio::awaitable<client::Close> converse(runtime::Stream::Socket socket, client::Settings settings) {
  RemoteSession session(std::move(socket), nullptr, std::move(settings));
  for (;;) {
    client::Step step = co_await session.next();
    if (auto* const close = std::get_if<client::Close>(&step)) co_return std::move(*close);
  }
}

/// How a session in the clear ends with a server that says an octet of these each 20 ms, until nobody listens any more,
/// and then closes.
client::End end_with(const std::string& octets, client::Settings settings) {
  asio::io_context context(1);
  runtime::test::SocketPair pair;
  std::thread server([&pair, &octets] {
    pollfd hung_up{pair.theirs, 0, 0};
    for (const char& octet : octets) {
      if (::send(pair.theirs, &octet, 1, MSG_NOSIGNAL) != 1 || ::poll(&hung_up, 1, 20) != 0) break;
    }
    pair.close_theirs();
  });
  runtime::Stream::Socket socket(context, asio::generic::stream_protocol(AF_UNIX, 0), pair.take_ours());
  const client::Close close = runtime::test::run(context, converse(std::move(socket), std::move(settings)));
  server.join();
  return close.end;
}

client::Settings patient_for(std::chrono::seconds progress_time_max) {
  client::Settings settings;
  settings.tls = client::Tls::none;
  settings.reply_time_max = 60s;
  settings.progress_time_max = progress_time_max;
  return settings;
}

TEST(RemoteSession, LeavesAServerThatDripsAndGetsNowhere) {
  EXPECT_EQ(end_with("+OK " + std::string(1'000, 'x'), patient_for(1s)), client::End::timed_out);
}

TEST(RemoteSession, BearsWithAServerThatDripsForAWhile) {
  EXPECT_EQ(end_with("-ERR later\r\n", patient_for(60s)), client::End::turned_away);
}

}  // namespace
}  // namespace fermo::fetcher
