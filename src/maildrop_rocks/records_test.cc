#include "maildrop_rocks/records.h"

#include <gtest/gtest.h>

#include <random>

namespace fermo::rocks {
namespace {

IndexRecord some_record() {
  IndexRecord record;
  record.body = {1'700'000'000'000'000, 42};
  record.chunks = 3;
  record.shared = true;
  record.summary = {Octets{150'000}, Octets{150'010}, Octets{900}};
  record.trace_octets = 300;
  record.received_at = Timestamp(std::chrono::seconds(-5));
  record.foreign = mail::UniqueId::from("imported-1");
  return record;
}

TEST(Records, AnIndexRecordComesBack) {
  const IndexRecord record = some_record();
  EXPECT_EQ(decode_index("key", encode("key", record)), record);
  IndexRecord plain = record;
  plain.foreign.reset();
  plain.shared = false;
  EXPECT_EQ(decode_index("key", encode("key", plain)), plain);
}

TEST(Records, ARecordUnderAnotherKeyIsNotRead) {
  EXPECT_EQ(decode_index("other", encode("key", some_record())), std::nullopt);
  EXPECT_EQ(unsealed("other", sealed("key", "content")), std::nullopt);
  EXPECT_EQ(unsealed("key", sealed("key", "content")), "content");
  EXPECT_EQ(unsealed("key", sealed("key", "")), "");
}

TEST(Records, ARecordOfAnotherKindIsNotRead) {
  const std::string drop = encode("key", DropRecord{7, {1, Octets{2}}});
  EXPECT_EQ(decode_index("key", drop), std::nullopt);
  EXPECT_EQ(decode_drop("key", encode("key", some_record())), std::nullopt);
  EXPECT_EQ(decode_drop("key", encode("key", DropChange{1, 2})), std::nullopt);
}

TEST(Records, EveryFlippedBitAndEveryCutIsNoticed) {
  const std::string whole = encode("key", some_record());
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(decode_index("key", damaged), std::nullopt) << bit;
  }
  for (std::size_t cut = 0; cut < whole.size(); ++cut)
    EXPECT_EQ(decode_index("key", whole.substr(0, cut)), std::nullopt);
}

TEST(Records, AnyOctetsAreTakenWithoutHarm) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string content(random() % 120, '\0');
    for (char& octet : content) octet = static_cast<char>(random());
    if (!content.empty()) content[0] = static_cast<char>(random() % 5);
    const std::string value = round % 2 == 0 ? content : sealed("key", content);
    if (const auto record = decode_index("key", value)) {
      EXPECT_EQ(encode("key", *record), value);
    }
    if (const auto record = decode_drop("key", value)) {
      EXPECT_EQ(encode("key", *record), value);
    }
  }
}

TEST(Records, ChangesAddUpInAnyGrouping) {
  const std::string base = encode("key", DropRecord{7, {10, Octets{1000}}});
  const std::string more = encode("key", DropChange{3, 500});
  const std::string less = encode("key", DropChange{-2, -100});
  const DropRecord expected{7, {11, Octets{1400}}};
  EXPECT_EQ(decode_drop("key", *merged_drop("key", *merged_drop("key", base, more), less)), expected);
  EXPECT_EQ(decode_drop("key", *merged_drop("key", base, *merged_drop("key", more, less))), expected);
}

TEST(Records, ADamagedChangeIsNotMerged) {
  const std::string base = encode("key", DropRecord{7, {10, Octets{1000}}});
  EXPECT_EQ(merged_drop("key", base, "rubbish"), std::nullopt);
  EXPECT_EQ(merged_drop("key", "rubbish", encode("key", DropChange{1, 1})), std::nullopt);
  EXPECT_EQ(merged_drop("key", base, encode("other", DropChange{1, 1})), std::nullopt);
}

TEST(Records, CountersBelowZeroAreNotBelieved) {
  const std::string base = encode("key", DropRecord{7, {1, Octets{100}}});
  EXPECT_EQ(decode_drop("key", *merged_drop("key", base, encode("key", DropChange{-2, 0}))), std::nullopt);
  EXPECT_EQ(decode_drop("key", *merged_drop("key", base, encode("key", DropChange{0, -101}))), std::nullopt);
}

}  // namespace
}  // namespace fermo::rocks
