#include "keys/wire.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace fermo::keys {
namespace {

using namespace std::chrono_literals;

tickets::TicketKeySet ticket_keys(bool with_previous) {
  tickets::TicketKeySet set{{}, std::nullopt, 5s};
  set.current.name.fill(std::byte{1});
  set.current.cipher.fill(std::byte{2});
  set.current.mac.fill(std::byte{3});
  if (with_previous) set.previous = set.current;
  return set;
}

std::vector<std::string> some_of_each() {
  return {encode(Request(request::Hello{})),
          encode(Request(request::GetCertificates{7})),
          encode(Request(request::Sign{1, Scheme::rsa_pss_sha384, "content"})),
          encode(Request(request::GetTicketKeys{})),
          encode(Reply(reply::Welcome{2})),
          encode(Reply(reply::Failed{Error::not_allowed})),
          encode(Reply(reply::Certificates{{"one", "two"}})),
          encode(Reply(reply::Signature{"signature"})),
          encode(Reply(reply::TicketKeys{ticket_keys(false)})),
          encode(Reply(reply::TicketKeys{ticket_keys(true)}))};
}

TEST(KeysWire, ARequestComesOutAsItWentIn) {
  const auto decoded = decode_request(encode(Request(request::Sign{1, Scheme::ecdsa_sha256, std::string("\0c", 2)})));
  ASSERT_TRUE(decoded.has_value());
  const auto& sign = std::get<request::Sign>(*decoded);
  EXPECT_EQ(sign.key, 1);
  EXPECT_EQ(sign.scheme, Scheme::ecdsa_sha256);
  EXPECT_EQ(sign.content, std::string("\0c", 2));
}

TEST(KeysWire, AReplyComesOutAsItWentIn) {
  const auto keys = decode_reply(encode(Reply(reply::TicketKeys{ticket_keys(true)})));
  ASSERT_TRUE(keys.has_value());
  const auto& set = std::get<reply::TicketKeys>(*keys).set;
  EXPECT_EQ(set.current, ticket_keys(true).current);
  EXPECT_EQ(set.previous, ticket_keys(true).previous);
  EXPECT_EQ(set.time_left, 5s);
  const auto chain = decode_reply(encode(Reply(reply::Certificates{{"one", "two"}})));
  ASSERT_TRUE(chain.has_value());
  EXPECT_EQ(std::get<reply::Certificates>(*chain).chain, (std::vector<std::string>{"one", "two"}));
}

TEST(KeysWire, NothingShorterOrLongerIsTaken) {
  for (const std::string& payload : some_of_each()) {
    ASSERT_TRUE(decode_request(payload) || decode_reply(payload));
    EXPECT_FALSE(decode_request(payload + "x"));
    EXPECT_FALSE(decode_reply(payload + "x"));
    for (std::size_t octets = 0; octets < payload.size(); ++octets) {
      const std::string cut = payload.substr(0, octets);
      const auto request = decode_request(cut);
      const auto reply = decode_reply(cut);
      EXPECT_TRUE(!request || encode(*request) == cut);
      EXPECT_TRUE(!reply || encode(*reply) == cut);
    }
  }
}

TEST(KeysWire, RefusesNumbersThatMeanNothing) {
  EXPECT_FALSE(decode_request(std::string("\x05", 1)));                               // no such kind
  EXPECT_FALSE(decode_request(std::string("\x03\x00\x03\x02\x01\x00\x00\x00x", 9)));  // ecdsa_sha1
  EXPECT_FALSE(decode_reply(std::string("\x02\x05", 2)));                             // no such reason
  EXPECT_FALSE(decode_reply(std::string("\x01\x09", 2)));                             // more keys than there may be
  EXPECT_FALSE(decode_reply(std::string("\x03\x00\x00\x00\x00", 5)));                 // an empty chain
  EXPECT_FALSE(decode_reply(std::string("\x04\x00\x00\x00\x00", 5)));                 // an empty signature
}

TEST(KeysWire, WhatIsLongestFitsAFrame) {
  const std::vector<std::string> chain(limits::keys_chain_max, std::string(limits::keys_certificate_octets_max, 'c'));
  const std::string reply = encode(Reply(reply::Certificates{chain}));
  EXPECT_TRUE(decode_reply(reply));
  const std::string content(limits::keys_content_octets_max, 'c');
  EXPECT_TRUE(decode_request(encode(Request(request::Sign{0, Scheme::ed25519, content}))));
}

}  // namespace
}  // namespace fermo::keys
