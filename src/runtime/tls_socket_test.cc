#include "runtime/tls_socket.h"

#include <array>
#include <string>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl3.h>

#include "runtime/test_support.h"

namespace fermo::runtime {
namespace {

class TlsSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::fcntl(sockets_.ours, F_SETFL, O_NONBLOCK), 0);
    bio_.reset(socket_.make_bio());
    ASSERT_TRUE(bio_);
  }

  /// What OpenSSL gets when it reads until nothing comes.
  std::string read_all() {
    std::string all;
    std::array<char, 1000> piece;
    for (int octets = 0; (octets = BIO_read(bio_.get(), piece.data(), piece.size())) > 0;) {
      all.append(piece.data(), static_cast<std::size_t>(octets));
    }
    return all;
  }

  struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
  };
  test::SocketPair sockets_;
  TlsSocket socket_{sockets_.ours};
  std::unique_ptr<BIO, Free> bio_;
};

TEST_F(TlsSocketTest, GivesTheLongestRecordAtATime) {
  constexpr std::size_t longest = SSL3_RT_MAX_PACKET_SIZE;
  const std::string sent(2 * longest + 10, 'x');
  ASSERT_EQ(::write(sockets_.theirs, sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
  EXPECT_EQ(read_all(), "");
  EXPECT_TRUE(BIO_should_read(bio_.get()));
  for (const std::size_t octets : {longest, longest, std::size_t{10}, std::size_t{0}}) {
    socket_.allow_one_record();
    EXPECT_EQ(read_all().size(), octets);
    EXPECT_TRUE(BIO_should_read(bio_.get()));
  }
}

TEST_F(TlsSocketTest, TellsTheEndFromNothingYet) {
  socket_.allow_one_record();
  EXPECT_EQ(read_all(), "");
  EXPECT_TRUE(BIO_should_read(bio_.get()));
  EXPECT_FALSE(BIO_eof(bio_.get()));
  sockets_.close_theirs();
  EXPECT_EQ(read_all(), "");
  EXPECT_FALSE(BIO_should_retry(bio_.get()));
  EXPECT_TRUE(BIO_eof(bio_.get()));
}

TEST_F(TlsSocketTest, TellsAFullBufferFromAPeerThatIsGone) {
  const std::string much(1'000'000, 'x');
  while (BIO_write(bio_.get(), much.data(), static_cast<int>(much.size())) > 0) {
  }
  EXPECT_TRUE(BIO_should_write(bio_.get()));
  sockets_.close_theirs();
  EXPECT_LT(BIO_write(bio_.get(), much.data(), 1), 0);
  EXPECT_FALSE(BIO_should_retry(bio_.get()));
}

}  // namespace
}  // namespace fermo::runtime
