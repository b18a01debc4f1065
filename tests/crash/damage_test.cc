#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>

#include "crash/rocks_fixture.h"
#include "maildrop/error.h"
#include "maildrop_rocks/attestation.h"

namespace fermo::crash {
namespace {

using namespace conformance;
using maildrop::Error;
using testing::HasSubstr;

std::string octets_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

void overwrite(const std::filesystem::path& file, std::size_t at, const std::string& octets) {
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(static_cast<std::streamoff>(at));
  out << octets;
}

void flip_bit(const std::filesystem::path& file, std::size_t at) {
  const char octet = octets_of(file).at(at);
  overwrite(file, at, std::string(1, static_cast<char>(octet ^ 0x10)));
}

/// In a log of one block.
std::vector<std::size_t> begins_of_records(const std::string& log) {
  std::vector<std::size_t> begins;
  for (std::size_t at = 0; at + 7 <= log.size();) {
    begins.push_back(at);
    at += std::size_t{7} + static_cast<unsigned char>(log[at + 4]) +
          std::size_t{256} * static_cast<unsigned char>(log[at + 5]);
  }
  return begins;
}

class Damage : public RocksOnDisk {
 protected:
  /// Delivers messages whose subject is their number.
  void deliver_numbered(std::uint64_t messages, std::size_t octets) {
    for (std::uint64_t n = 0; n < messages; ++n) deliver(store(), wire_message(n, octets), "anna");
  }

  /// Flips a bit of this octet sequence, wherever a file with this extension holds it.
  void flip_where(std::string_view extension, const std::string& needle) {
    for (const auto& file : files(extension)) {
      const std::size_t at = octets_of(file).find(needle);
      if (at == std::string::npos) continue;
      flip_bit(file, at + needle.size() / 2);
      return;
    }
    FAIL() << "no " << extension << " file holds it";
  }

  void flip_bit_in_largest(std::string_view extension) {
    const auto all = files(extension);
    const auto largest =
        *std::ranges::max_element(all, {}, [](const auto& file) { return std::filesystem::file_size(file); });
    flip_bit(largest, std::filesystem::file_size(largest) / 2);
  }

  void expect_only_damaged(std::size_t damaged, std::uint64_t messages, std::size_t octets) {
    const auto snapshot = value_of(store().open(drop("anna")));
    ASSERT_EQ(whole_listing(*snapshot).size(), messages);
    for (std::uint64_t n = 0; n < messages; ++n) {
      const auto message = try_read(*snapshot, n + 1);
      if (n == damaged) {
        EXPECT_EQ(message.error(), Error::corrupt);
      } else {
        EXPECT_EQ(value_of(message), wire_message(n, octets));
      }
    }
  }

  /// Leaves a store as a kill leaves it, with everything still in its log.
  std::filesystem::path killed_with_log(std::uint64_t messages, std::size_t octets) {
    open();
    deliver_numbered(messages, octets);
    kill_and_copy();
    return largest_log();
  }

  std::filesystem::path largest_log() const {
    const auto logs = files(".log");
    return *std::ranges::max_element(logs, {}, [](const auto& log) { return std::filesystem::file_size(log); });
  }

  void expect_refused_as_damaged() {
    const auto listed = [this] {
      std::map<std::string, std::string> all;
      for (const char* const extension : {".log", ".sst", ".blob"}) {
        for (const auto& file : files(extension)) all[file.string()] = octets_of(file);
      }
      return all;
    };
    const auto before = listed();
    const auto opened = try_open(settings());
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().code, Error::corrupt);
    EXPECT_THAT(opened.error().text, HasSubstr(path().string()));
    EXPECT_THAT(opened.error().text, HasSubstr("backup"));
    EXPECT_EQ(listed(), before);
  }
};

TEST_F(Damage, AFlippedBitInABlobFileHitsOneMessage) {
  open();
  deliver_numbered(30, 20'000);
  rocks::Internal::flush(store());
  close();
  flip_where(".blob", wire_message(17, 20'000));
  open();
  expect_only_damaged(17, 30, 20'000);
}

TEST_F(Damage, AFlippedBitInATableWithSmallMessagesIsNoticed) {
  open();
  for (std::uint64_t n = 0; n < 40; ++n) deliver(store(), wire_message(n, 3000), "user" + std::to_string(n));
  rocks::Internal::flush(store());
  close();
  flip_bit_in_largest(".sst");
  open();
  std::size_t refused = 0;
  for (std::uint64_t n = 0; n < 40; ++n) {
    const auto snapshot = value_of(store().open(drop("user" + std::to_string(n))));
    const auto message = try_read(*snapshot, 1);
    if (message.has_error()) {
      EXPECT_EQ(message.error(), Error::corrupt);
      ++refused;
    } else {
      EXPECT_EQ(*message, wire_message(n, 3000));
    }
  }
  EXPECT_GE(refused, 1u);
  EXPECT_LT(refused, 10u);
}

TEST_F(Damage, AMessageThatCannotBeReadCanBeDeleted) {
  open();
  deliver_numbered(5, 20'000);
  rocks::Internal::flush(store());
  close();
  flip_where(".blob", wire_message(2, 20'000));
  open();
  erase(store(), "anna", {3});
  EXPECT_EQ(contents(store(), "anna").size(), 4u);
  EXPECT_EQ(drop_listing(store(), "anna"), value_of(store().recount(drop("anna"))));
}

TEST_F(Damage, AFlippedBitInTheMiddleOfTheLogIsRefusedAndNothingIsTouched) {
  const auto log = killed_with_log(40, 10'000);
  flip_bit(log, std::filesystem::file_size(log) / 2);
  expect_refused_as_damaged();
}

TEST_F(Damage, ABlockOfZerosInTheMiddleOfTheLogIsRefused) {
  const auto log = killed_with_log(40, 10'000);
  overwrite(log, 5 * 32'768, std::string(32'768, '\0'));
  expect_refused_as_damaged();
}

TEST_F(Damage, ABlockOfZerosAtTheBeginningOfTheLogIsRefused) {
  const auto log = killed_with_log(40, 10'000);
  overwrite(log, 0, std::string(32'768, '\0'));
  expect_refused_as_damaged();
}

TEST_F(Damage, AMissingEndOfALogThatIsNotTheLastIsRefused) {
  killed_with_log(200, 20'000);
  const auto logs = files(".log");
  ASSERT_GE(logs.size(), 2u);
  std::filesystem::resize_file(logs[logs.size() - 2], std::filesystem::file_size(logs[logs.size() - 2]) / 2);
  expect_refused_as_damaged();
}

// RocksDB would take the folder for a new one, fail for the log that it finds there, and find an empty database the
// next time, to which none of the files belongs.
TEST_F(Damage, AStoreWithoutCurrentIsRefusedAsOftenAsItIsOpenedAndWorksAgainWithIt) {
  open();
  deliver_numbered(10, 20'000);
  rocks::Internal::flush(store());
  deliver_numbered(1, 20'000);
  kill_and_copy();
  const std::string current = octets_of(path() / "CURRENT");
  for (const auto& broken : {std::optional<std::string>(), std::optional<std::string>("")}) {
    std::filesystem::remove(path() / "CURRENT");
    if (broken) std::ofstream(path() / "CURRENT") << *broken;
    for (int n = 0; n < 3; ++n) expect_refused_as_damaged();
  }
  std::ofstream(path() / "CURRENT") << current;
  open();
  EXPECT_EQ(contents(store(), "anna").size(), 11u);
}

TEST_F(Damage, AStoreWithoutItsListOfFilesIsRefusedAsOftenAsItIsOpened) {
  open();
  deliver_numbered(10, 20'000);
  rocks::Internal::flush(store());
  kill_and_copy();
  std::filesystem::remove(path() / octets_of(path() / "CURRENT").substr(0, std::string("MANIFEST-000000").size()));
  for (int n = 0; n < 3; ++n) expect_refused_as_damaged();
  std::filesystem::remove(path() / "CURRENT");
  for (int n = 0; n < 3; ++n) expect_refused_as_damaged();
}

TEST_F(Damage, TheOperatorMayGiveUpWhatComesAfterTheDamage) {
  const auto log = killed_with_log(40, 10'000);
  flip_bit(log, std::filesystem::file_size(log) / 2);
  rocks::Settings giving_up = settings();
  giving_up.recover_up_to_damage = true;
  {
    const auto opened = try_open(giving_up).value();
    const auto left = contents(*opened, "anna");
    EXPECT_GE(left.size(), 15u);
    EXPECT_LT(left.size(), 25u);
    for (std::uint64_t n = 0; n < left.size(); ++n) EXPECT_EQ(left[n], wire_message(n, 10'000));
    EXPECT_EQ(drop_listing(*opened, "anna"), value_of(opened->recount(drop("anna"))));
  }
  open();
  EXPECT_GE(contents(store(), "anna").size(), 15u);
}

// RocksDB's own reader passes over the rest of a block once something in it is damaged.
TEST_F(Damage, AFlippedBitBeforeTheLastDeliveryInTheLastBlockIsRefused) {
  const auto log = killed_with_log(5, 200);
  ASSERT_LT(std::filesystem::file_size(log), 32'768u);
  const std::string whole = octets_of(log);
  for (std::uint64_t n = 0; n < 4; ++n) {
    flip_bit(log, whole.find(wire_message(n, 200)) + 100);
    expect_refused_as_damaged();
    overwrite(log, 0, whole);
  }
  flip_bit(log, whole.find(wire_message(4, 200)) + 100);
  open();
  EXPECT_THAT(said(), HasSubstr("torn end"));
  EXPECT_EQ(contents(store(), "anna").size(), 4u);
}

// RocksDB's reader takes a length that goes beyond the end of the log, and zeros where a record should begin, for that
// end in every mode.
TEST_F(Damage, ADamagedHeaderOrZerosInPlaceOfARecordBeforeTheLastAreRefused) {
  const auto log = killed_with_log(5, 200);
  const std::string whole = octets_of(log);
  const std::vector<std::size_t> records = begins_of_records(whole);
  ASSERT_GE(records.size(), 6u);
  for (std::size_t n = 0; n + 1 < records.size(); ++n) {
    for (std::size_t at = records[n]; at < records[n] + 7; ++at) {
      SCOPED_TRACE(at);
      flip_bit(log, at);
      expect_refused_as_damaged();
      overwrite(log, 0, whole);
    }
    overwrite(log, records[n], std::string(records[n + 1] - records[n], '\0'));
    expect_refused_as_damaged();
    overwrite(log, 0, whole);
  }
  open();
  EXPECT_EQ(contents(store(), "anna").size(), 5u);
}

TEST_F(Damage, ZerosBeforeTheLastDeliveryAreRefused) {
  const auto log = killed_with_log(12, 200);
  const std::size_t end = octets_of(log).find(wire_message(11, 200));
  overwrite(log, end - 2048, std::string(2048, '\0'));
  expect_refused_as_damaged();
}

TEST_F(Damage, AfterAnOrderlyEndNothingRestsOnTheLog) {
  open();
  deliver_numbered(5, 200);
  close();
  for (const auto& log : files(".log")) {
    overwrite(log, 0, std::string(std::filesystem::file_size(log), '\0'));
  }
  open();
  EXPECT_EQ(contents(store(), "anna").size(), 5u);
}

// A sender may write what he likes into the log, but does not know the store's mark.
TEST_F(Damage, AnAttestationInAMessageIsNone) {
  open();
  deliver_numbered(3, 200);
  const std::string forged = wire_message(3, 200) + rocks::attestation(1000, 0) + rocks::attestation(1000, 1) + "\r\n";
  deliver(store(), forged, "anna");
  kill_and_copy();
  const auto log = largest_log();
  flip_bit(log, octets_of(log).find(wire_message(3, 200)) + 100);
  open();
  EXPECT_EQ(contents(store(), "anna").size(), 3u);
}

TEST_F(Damage, ATornEndOfTheLogIsDroppedAndTheRestServed) {
  const auto log = killed_with_log(40, 10'000);
  flip_bit(log, std::filesystem::file_size(log) - 100);
  open();
  EXPECT_THAT(said(), HasSubstr("torn end"));
  EXPECT_EQ(contents(store(), "anna").size(), 39u);
}

TEST_F(Damage, DamageThatCompactionFindsDoesNotEndTheStore) {
  open();
  for (std::uint64_t round = 0; round < 2; ++round) {
    for (std::uint64_t n = 0; n < 10; ++n) deliver(store(), wire_message(n, 3000), "anna");
    rocks::Internal::flush(store());
  }
  close();
  flip_bit_in_largest(".sst");
  open();
  rocks::Internal::compact(store());
  deliver_once_it_works(wire_message(30, 100), "bert");
  const auto snapshot = value_of(store().open(drop("anna")));
  EXPECT_EQ(snapshot->drop_listing().messages, 20u);
  std::size_t refused = 0;
  for (std::size_t number = 1; number <= 20; ++number) {
    if (try_read(*snapshot, number).has_error()) ++refused;
  }
  EXPECT_GE(refused, 1u);
  EXPECT_LT(refused, 5u);
  EXPECT_EQ(contents(store(), "bert"), std::vector{wire_message(30, 100)});
}

}  // namespace
}  // namespace fermo::crash
