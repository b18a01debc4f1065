#include "maildrop_rocks/attestation.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace fermo::rocks {
namespace {

constexpr LogMark mark = 0x0123456789abcdef;
const std::string header(7, 'h');

std::uint64_t found_in(std::initializer_list<std::string> blocks) {
  AttestationSearch search(mark);
  for (const std::string& block : blocks) search.block(block);
  return search.attested();
}

TEST(Attestation, ComesBack) {
  for (const std::uint64_t sequence : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 55, UINT64_MAX}) {
    EXPECT_EQ(attested_sequence(attestation(sequence, mark)), sequence);
    EXPECT_EQ(attested_sequence(attestation(sequence, 0)), sequence);
  }
}

TEST(Attestation, ThatOfAnEarlierVersionIsRead) {
  EXPECT_EQ(attested_sequence(std::string("synced:\0\0\0\0\0\0\1\2", 15)), 258u);
}

TEST(Attestation, OtherLogDataIsNone) {
  EXPECT_EQ(attested_sequence(""), std::nullopt);
  EXPECT_EQ(attested_sequence("synced:"), std::nullopt);
  EXPECT_EQ(attested_sequence("synced:1234567"), std::nullopt);
  EXPECT_EQ(attested_sequence("synced:123456789"), std::nullopt);
  EXPECT_EQ(attested_sequence("other:12345678"), std::nullopt);
}

TEST(Attestation, OneWithAFlippedBitIsNone) {
  const std::string whole = attestation(1000, mark);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    EXPECT_EQ(attested_sequence(flipped), std::nullopt) << at;
    EXPECT_EQ(found_in({header + flipped}), 0u) << at;
  }
}

TEST(AttestationSearch, FindsTheGreatestAmongAnything) {
  EXPECT_EQ(found_in({}), 0u);
  EXPECT_EQ(found_in({header, "", "abc"}), 0u);
  EXPECT_EQ(found_in({header + "mail" + attestation(7, mark) + "mail" + attestation(5, mark), header + "mail"}), 7u);
}

TEST(AttestationSearch, FindsOneThatIsCutByTheEndOfABlock) {
  const std::string whole = attestation(7, mark);
  for (std::size_t at = 0; at <= whole.size(); ++at) {
    EXPECT_EQ(found_in({header + "mail" + whole.substr(0, at), header + whole.substr(at) + "mail"}), 7u) << at;
  }
}

TEST(AttestationSearch, WhatASenderWritesIsNone) {
  EXPECT_EQ(found_in({header + attestation(7, mark + 1) + attestation(8, 0)}), 0u);
  EXPECT_EQ(found_in({header + std::string("synced:\0\0\0\0\0\0\1\2", 15)}), 0u);
}

}  // namespace
}  // namespace fermo::rocks
