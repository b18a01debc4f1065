// The server's process never has a private key: three processes, handshakes of each kind, and then a search through all
// of the memory of two of them. The keys are made in the process that holds them, so nothing can have inherited one.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

#include <gtest/gtest.h>

#include "keys/key_client.h"
#include "keys/key_service.h"
#include "keys/shared_ticket_keys.h"
#include "keys/test_identity.h"
#include "keys/test_tls.h"
#include "tickets/seal.h"

namespace fermo::keys {
namespace {

using namespace std::chrono_literals;

constexpr std::array<KeyKind, 3> kinds = {KeyKind::rsa, KeyKind::ec, KeyKind::ed25519};
/// A private number of each: the one of EC is the shortest.
constexpr std::size_t secret_octets = 32;
using Secret = std::array<unsigned char, secret_octets>;

/// A process made by fork, which ends when the test does.
class Child {
 public:
  explicit Child(const std::function<bool()>& work) : pid_(::fork()) {
    if (pid_ == 0) ::_exit(work() ? 0 : 1);
  }
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);  // the test has failed
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  int wait() {
    int status = -1;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }

 private:
  pid_t pid_;
};

template <class T>
std::vector<T> list_of(T only) {
  std::vector<T> list;
  list.push_back(std::move(only));
  return list;
}

/// The first octets of what is secret in a key: for RSA its first prime.
Secret secret_of(EVP_PKEY* key, KeyKind kind) {
  std::array<unsigned char, 256> octets{};
  std::size_t size = octets.size();
  if (kind == KeyKind::ed25519) {
    if (EVP_PKEY_get_raw_private_key(key, octets.data(), &size) != 1) std::abort();
  } else {
    BIGNUM* number = nullptr;
    const char* name = kind == KeyKind::rsa ? OSSL_PKEY_PARAM_RSA_FACTOR1 : OSSL_PKEY_PARAM_PRIV_KEY;
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1) std::abort();
    if (BN_bn2binpad(number, octets.data(), kind == KeyKind::rsa ? 128 : 32) < 0) std::abort();
    BN_clear_free(number);
  }
  Secret secret;
  std::copy_n(octets.begin(), secret.size(), secret.begin());
  return secret;
}

/// Makes keys, tells `tester` their secrets, and serves.
bool hold_keys(const Descriptor& tester, std::vector<Descriptor> sockets) {
  KeyRing ring;
  for (const KeyKind kind : kinds) {
    const test::TestIdentity identity(kind);
    if (!ring.add(identity.certificate_pem(), identity.key_pem())) return false;
    const Secret secret = secret_of(identity.key.get(), kind);
    if (::write(tester.get(), secret.data(), secret.size()) != static_cast<ssize_t>(secret.size())) return false;
  }
  tickets::TicketKeys ticket_keys(12h);
  serve(ring, ticket_keys, std::move(sockets));
  return true;
}

/// Takes a connection on each of `clients`, then waits with all of them open until `tester` says that it may end.
bool serve_tls(const Descriptor& tester, Descriptor keys, const std::vector<Descriptor>& clients) {
  KeyClient client(list_of(std::move(keys)), 60s);
  const auto remote = RemoteKeys::make(client);
  SharedTicketKeys ticket_keys(client);
  std::vector<Identity> identities;
  for (KeyNumber key = 0; key < kinds.size(); ++key) {
    const auto chain = client.certificates(key);
    auto identity = remote->identity(key, *chain);
    if (!identity) return false;
    identities.push_back(std::move(*identity));
  }
  const auto context = test::server_context(*remote, identities);
  if (!context || !tickets::seal_with(context.get(), ticket_keys)) return false;
  std::vector<test::SslPointer> connections;
  for (const Descriptor& socket : clients) {
    connections.push_back(test::connection(context.get(), socket, true));
    if (SSL_do_handshake(connections.back().get()) != 1) return false;
    if (SSL_write(connections.back().get(), "+OK", 3) != 3) return false;
  }
  char octet = 'd';
  return ::write(tester.get(), &octet, 1) == 1 && ::read(tester.get(), &octet, 1) == 0;
}

/// Calls `look` with pieces of all that a process can read, each overlapping the one before by `overlap`.
void for_each_piece(pid_t pid, std::size_t overlap, const std::function<void(std::string_view)>& look) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const Descriptor memory(::open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(memory) << std::strerror(errno);
  constexpr std::uint64_t piece_octets = 1 << 20;
  /// The shadow of a sanitizer: terabytes of nothing, and no place that a program writes a key to.
  constexpr std::uint64_t shadow_octets_min = std::uint64_t{1} << 32;
  std::string piece(piece_octets + overlap, '\0');
  std::ifstream maps(folder + "/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    char dash = 0;
    std::string rights;
    fields >> std::hex >> begin >> dash >> end >> rights;
    if (rights.empty() || rights[0] != 'r' || end - begin >= shadow_octets_min) continue;
    for (std::uint64_t at = begin; at < end; at += piece_octets) {
      const auto wanted = std::min<std::uint64_t>(piece.size(), end - at);
      const ssize_t got = ::pread(memory.get(), piece.data(), wanted, static_cast<off_t>(at));
      if (got > 0) look(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
    }
  }
}

/// How often a secret stands in the memory of a process, as octets or as the words of a number.
std::size_t times_found(pid_t pid, Secret secret) {
  std::size_t times = 0;
  const std::string octets(secret.begin(), secret.end());
  const std::string words(secret.rbegin(), secret.rend());
  for_each_piece(pid, secret.size() - 1, [&](std::string_view piece) {
    for (const std::string& wanted : {octets, words}) {
      for (auto at = piece.find(wanted); at != piece.npos; at = piece.find(wanted, at + 1)) ++times;
    }
  });
  return times;
}

class KeyMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < test::all_cases().size(); ++i) {
      auto pair = test::socket_pair();
      clients_.push_back(std::move(pair.ours));
      servers_.push_back(std::move(pair.theirs));
    }
  }

  /// Connects to the server once for each case.
  void talk(const std::vector<std::string>& trusted) {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      const test::TlsCase wanted = test::all_cases()[i];
      const auto context = test::client_context(wanted, trusted);
      const auto client = test::connection(context.get(), clients_[i], false);
      std::array<char, 3> octets{};
      ASSERT_EQ(SSL_do_handshake(client.get()), 1) << wanted.name << ": " << test::tls_error();
      ASSERT_EQ(SSL_read(client.get(), octets.data(), octets.size()), 3) << wanted.name;
      EXPECT_EQ(SSL_get_verify_result(client.get()), X509_V_OK) << wanted.name;
    }
  }

  static std::vector<Secret> read_secrets(const Descriptor& holder) {
    std::vector<Secret> secrets(kinds.size());
    for (Secret& secret : secrets) {
      EXPECT_EQ(::recv(holder.get(), secret.data(), secret.size(), MSG_WAITALL), static_cast<ssize_t>(secret.size()));
    }
    return secrets;
  }

  std::vector<Descriptor> clients_;
  std::vector<Descriptor> servers_;
  test::Pair server_control_ = test::socket_pair();
  test::Pair holder_control_ = test::socket_pair();
  test::Pair server_keys_ = test::socket_pair();
  test::Pair our_keys_ = test::socket_pair();
};

TEST_F(KeyMemoryTest, AServerShakesHandsWithoutEverHavingTheKey) {
  Child holder([this] {
    std::vector<Descriptor> sockets = list_of(std::move(server_keys_.theirs));
    sockets.push_back(std::move(our_keys_.theirs));
    server_keys_.ours = Descriptor();
    our_keys_.ours = Descriptor();
    server_control_.ours = Descriptor();
    return hold_keys(holder_control_.theirs, std::move(sockets));
  });
  Child server([this] {
    our_keys_.ours = Descriptor();
    holder_control_.ours = Descriptor();
    server_control_.ours = Descriptor();
    return serve_tls(server_control_.theirs, std::move(server_keys_.ours), servers_);
  });
  server_control_.theirs = Descriptor();
  server_keys_ = test::Pair();
  {
    KeyClient keys(list_of(std::move(our_keys_.ours)), 60s);
    std::vector<std::string> trusted;
    for (KeyNumber key = 0; key < kinds.size(); ++key) trusted.push_back(keys.certificates(key)->front());
    talk(trusted);
    char octet = 0;
    ASSERT_EQ(::read(server_control_.ours.get(), &octet, 1), 1);
    for (const Secret& secret : read_secrets(holder_control_.ours)) {  // only now, when the server has been forked
      EXPECT_EQ(times_found(server.pid(), secret), 0U);
      EXPECT_GE(times_found(holder.pid(), secret), 1U) << "the search finds what is there";
    }
    server_control_.ours = Descriptor();
    EXPECT_EQ(server.wait(), 0);
  }
  EXPECT_EQ(holder.wait(), 0);
}

}  // namespace
}  // namespace fermo::keys
