#include "runtime/stream.h"

#include <array>
#include <csignal>
#include <future>
#include <memory>
#include <thread>

#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/limits.h"
#include "runtime/error.h"
#include "runtime/self_signed.h"
#include "runtime/test_support.h"
#include "runtime/tls_test_client.h"

namespace fermo::runtime {
namespace {

namespace asio = boost::asio;
using test::run;
using test::TlsClient;

Stream make_stream(asio::io_context& context, int fd, int family = AF_UNIX) {
  return Stream(Stream::Socket(context, asio::generic::stream_protocol(family, 0), fd));
}

void put(int fd, std::string_view octets) {
  ASSERT_EQ(::write(fd, octets.data(), octets.size()), static_cast<ssize_t>(octets.size()));
}

std::string take_until_end(int fd) {
  std::string all;
  std::array<char, 65536> piece;
  for (ssize_t n = 0; (n = ::read(fd, piece.data(), piece.size())) > 0;)
    all.append(piece.data(), static_cast<std::size_t>(n));
  return all;
}

asio::awaitable<Result<std::string>> read_once(Stream* stream, std::size_t octets_max) {
  std::string text(octets_max, '\0');
  const Result<std::size_t> octets = co_await stream->read_some(text);
  if (!octets) co_return octets.error();
  text.resize(*octets);
  co_return text;
}

asio::awaitable<Result<void>> write_and_close(Stream* stream, std::string text) {
  const Result<void> outcome = co_await stream->write_all(text);
  stream->finish_writing();
  co_return outcome;
}

std::string pattern(std::size_t octets) {
  std::string text(octets, '\0');
  for (std::size_t i = 0; i < octets; ++i) text[i] = static_cast<char>('a' + (i * 2654435761U >> 13) % 26);
  return text;
}

class StreamTest : public testing::Test {
 protected:
  asio::io_context context_{1};
  test::SocketPair sockets_;
  Stream stream_ = make_stream(context_, sockets_.take_ours());
};

TEST_F(StreamTest, ReadsWhatIsThere) {
  put(sockets_.theirs, "QUIT\r\n");
  EXPECT_EQ(*run(context_, read_once(&stream_, 100)), "QUIT\r\n");
  EXPECT_EQ(stream_.octets_in(), 6U);
}

TEST_F(StreamTest, WaitsForWhatIsNotThereYet) {
  std::jthread peer([fd = sockets_.theirs] { put(fd, "late"); });
  EXPECT_EQ(*run(context_, read_once(&stream_, 100)), "late");
}

TEST_F(StreamTest, GivesNoOctetsAtTheEnd) {
  ::shutdown(sockets_.theirs, SHUT_WR);
  EXPECT_EQ(*run(context_, read_once(&stream_, 100)), "");
}

TEST_F(StreamTest, CanStillWriteWhenThePeerHasEndedItsSide) {
  ::shutdown(sockets_.theirs, SHUT_WR);
  EXPECT_EQ(*run(context_, read_once(&stream_, 100)), "");
  EXPECT_TRUE(run(context_, write_and_close(&stream_, "+OK bye\r\n")));
  EXPECT_EQ(take_until_end(sockets_.theirs), "+OK bye\r\n");
}

TEST_F(StreamTest, WritesMoreThanTheKernelTakesAtOnce) {
  const std::string text = pattern(10'000'000);
  auto received = std::async(std::launch::async, [fd = sockets_.theirs] { return take_until_end(fd); });
  EXPECT_TRUE(run(context_, write_and_close(&stream_, text)));
  EXPECT_EQ(received.get(), text);
  EXPECT_EQ(stream_.octets_out(), text.size());
}

TEST_F(StreamTest, ReportsAPeerThatIsGoneWhileWriting) {
  sockets_.close_theirs();
  const Result<void> outcome = run(context_, write_and_close(&stream_, "+OK\r\n"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), boost::system::errc::broken_pipe);
}

TEST_F(StreamTest, CancelEndsAReadThatWaits) {
  asio::post(context_, [this] { stream_.cancel(); });
  EXPECT_EQ(run(context_, read_once(&stream_, 100)).error(), Error::cancelled);
}

TEST_F(StreamTest, CancelEndsAWriteThatWaits) {
  asio::post(context_, [this] { stream_.cancel(); });
  EXPECT_EQ(run(context_, write_and_close(&stream_, pattern(10'000'000))).error(), Error::cancelled);
}

TEST_F(StreamTest, AfterCancelWhatIsPossibleAtOnceIsStillDone) {
  stream_.cancel();
  put(sockets_.theirs, "there");
  EXPECT_EQ(*run(context_, read_once(&stream_, 100)), "there");
  EXPECT_EQ(run(context_, read_once(&stream_, 100)).error(), Error::cancelled);
  EXPECT_TRUE(run(context_, write_and_close(&stream_, "421 bye\r\n")));
  EXPECT_EQ(take_until_end(sockets_.theirs), "421 bye\r\n");
}

/// Interrupts again and again, since nothing tells when the read has begun to wait.
asio::awaitable<void> keep_interrupting(Stream* stream, const bool* stop) {
  while (!*stop) {
    stream->interrupt_read();
    co_await asio::post(asio::use_awaitable);
  }
}

asio::awaitable<Result<std::string>> read_once_and_say_so(Stream* stream, bool* done) {
  const Result<std::string> outcome = co_await read_once(stream, 100);
  *done = true;
  co_return outcome;
}

TEST_F(StreamTest, AnInterruptedReadLeavesTheStreamUsable) {
  bool done = false;
  asio::co_spawn(context_, keep_interrupting(&stream_, &done), asio::detached);
  EXPECT_EQ(run(context_, read_once_and_say_so(&stream_, &done)).error(), Error::interrupted);
  put(sockets_.theirs, "more");
  EXPECT_EQ(*run(context_, read_once(&stream_, 100)), "more");
}

TEST_F(StreamTest, NothingIsInterruptedWhenNothingReads) {
  stream_.interrupt_read();
  std::jthread peer([fd = sockets_.theirs] { put(fd, "late"); });
  EXPECT_EQ(*run(context_, read_once(&stream_, 100)), "late");
}

asio::awaitable<void> count_turns(int* turns, const bool* stop) {
  while (!*stop) {
    ++*turns;
    co_await asio::post(asio::use_awaitable);
  }
}

asio::awaitable<void> read_octet_by_octet(Stream* stream, int times, bool* stop) {
  std::array<char, 1> octet;
  for (int i = 0; i < times; ++i) co_await stream->read_some(octet);
  *stop = true;
}

TEST_F(StreamTest, AReaderThatNeverHasToWaitLetsOthersHaveTheirTurn) {
  put(sockets_.theirs, pattern(20'000));
  int turns = 0;
  bool stop = false;
  asio::co_spawn(context_, read_octet_by_octet(&stream_, 20'000, &stop), asio::detached);
  asio::co_spawn(context_, count_turns(&turns, &stop), asio::detached);
  context_.run();
  EXPECT_GE(turns, 20'000 / static_cast<int>(limits::stream_turns_max + 1));
}

asio::awaitable<bool> finish_and_linger(Stream* stream, std::size_t octets_max) {
  stream->finish_writing();
  co_await stream->linger(octets_max);
  co_return true;
}

TEST_F(StreamTest, LingersUntilThePeerHasEndedItsSide) {
  put(sockets_.theirs, pattern(5'000));
  std::jthread peer([fd = sockets_.theirs] {
    put(fd, pattern(5'000));
    ::shutdown(fd, SHUT_WR);
  });
  EXPECT_TRUE(run(context_, finish_and_linger(&stream_, 1'000'000)));
  EXPECT_EQ(::recv(sockets_.theirs, nullptr, 0, MSG_DONTWAIT), 0);
}

TEST_F(StreamTest, DoesNotLingerForAnEndlessPeer) {
  put(sockets_.theirs, pattern(50'000));
  EXPECT_TRUE(run(context_, finish_and_linger(&stream_, 20'000)));
}

TEST(TcpStream, ReportsAReset) {
  asio::io_context context(1);
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t octets = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listening, generic, octets), 0);
  ASSERT_EQ(::listen(listening, 1), 0);
  ::getsockname(listening, generic, &octets);
  const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(peer, generic, octets), 0);
  Stream stream = make_stream(context, ::accept(listening, nullptr, nullptr), AF_INET);
  const struct ::linger reset = {1, 0};
  ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  ::close(peer);
  EXPECT_EQ(run(context, read_once(&stream, 100)).error(), boost::system::errc::connection_reset);
  ::close(listening);
}

class TlsStreamTest : public StreamTest {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    const auto made = ensure_self_signed(folder_.path(), "mail.example.org");
    ASSERT_TRUE(made);
    auto context = TlsContext::load((*made).files, "pop3");
    ASSERT_TRUE(context);
    tls_ = *context;
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<const TlsContext> tls_;
};

asio::awaitable<Result<std::string>> serve_echo(Stream* stream, std::shared_ptr<const TlsContext> tls) {
  const Result<void> secured = co_await stream->start_tls(std::move(tls));
  if (!secured) co_return secured.error();
  std::string all;
  std::string piece(16384, '\0');
  for (;;) {
    const Result<std::size_t> octets = co_await stream->read_some(piece);
    if (!octets) co_return octets.error();
    if (*octets == 0) break;
    all.append(piece, 0, *octets);
  }
  const Result<void> written = co_await stream->write_all(all);
  if (!written) co_return written.error();
  stream->finish_writing();
  co_return all;
}

std::string talk(int fd, const std::string& text) {
  TlsClient client(fd, {.alpn = "pop3"});
  if (client.handshake() != 1) return client.error();
  client.write(text);
  client.close_notify();
  std::string all;
  for (std::string piece = client.read(); !piece.empty(); piece = client.read()) all += piece;
  return client.close_notify_received() ? all : "cut off";
}

TEST_F(TlsStreamTest, CarriesEveryOctetBothWays) {
  const std::string text = pattern(3'000'000);
  auto received = std::async(std::launch::async, [&, fd = sockets_.theirs] { return talk(fd, text); });
  const Result<std::string> served = run(context_, serve_echo(&stream_, tls_));
  stream_.close();
  ASSERT_TRUE(served) << served.error().message();
  EXPECT_EQ(*served, text);
  EXPECT_EQ(received.get(), text);
  EXPECT_THAT(stream_.tls_summary(), testing::StartsWith("TLSv1.3 TLS_"));
  EXPECT_EQ(stream_.octets_in(), text.size());
}

TEST_F(TlsStreamTest, ReportsAPeerThatLeavesWithoutCloseNotify) {
  std::jthread peer([this] {
    TlsClient client(sockets_.theirs, {.version_max = TLS1_2_VERSION});  // 1.3 would leave a ticket unread
    client.handshake();
    client.write("RETR 1\r\n");
    sockets_.close_theirs();
  });
  EXPECT_EQ(run(context_, serve_echo(&stream_, tls_)).error(), Error::truncated);
}

asio::awaitable<Result<void>> secure(Stream* stream, std::shared_ptr<const TlsContext> tls) {
  co_return co_await stream->start_tls(std::move(tls));
}

asio::awaitable<void> read_and_stop(Stream* stream, std::string* text, bool* stop) {
  const Result<std::string> read = co_await read_once(stream, 100);
  *text = read ? *read : read.error().message();
  *stop = true;
}

TEST_F(TlsStreamTest, APeerThatUpdatesItsKeysWithoutEndLetsOthersHaveTheirTurn) {
  constexpr int updates = 200;  // fit the buffer of the socket
  std::promise<void> secured;
  auto client = std::async(std::launch::async, [&] {
    TlsClient peer(sockets_.theirs, {.version_min = TLS1_3_VERSION, .alpn = "pop3"});
    bool sent = peer.handshake() == 1;
    secured.get_future().wait();
    for (int i = 0; i < updates; ++i) sent = sent && peer.update_keys();
    return sent && peer.write("QUIT\r\n");
  });
  ASSERT_TRUE(run(context_, secure(&stream_, tls_)));
  secured.set_value();
  ASSERT_TRUE(client.get());
  int turns = 0;
  bool stop = false;
  std::string text;
  asio::co_spawn(context_, read_and_stop(&stream_, &text, &stop), asio::detached);
  asio::co_spawn(context_, count_turns(&turns, &stop), asio::detached);
  context_.restart();
  context_.run();
  EXPECT_EQ(text, "QUIT\r\n");
  EXPECT_GE(turns, updates / 2);
}

TEST_F(TlsStreamTest, AHandshakeThatNeverGoesOnCanBeCancelled) {
  put(sockets_.theirs, std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  asio::post(context_, [this] { stream_.cancel(); });
  EXPECT_EQ(run(context_, serve_echo(&stream_, tls_)).error(), Error::cancelled);
}

}  // namespace
}  // namespace fermo::runtime
