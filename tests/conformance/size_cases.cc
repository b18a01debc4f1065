#include <algorithm>
#include <fstream>

#include "base/limits.h"
#include "conformance/store_conformance.h"
#include "conformance/store_helpers.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FERMO_SANITIZER_HOLDS_MEMORY 1
#endif
#endif

namespace fermo::conformance {
namespace {

constexpr std::size_t mebi = std::size_t{1} << 20;

/// Memory of this process in octets; a sanitizer keeps what is freed, so nothing can be said then.
std::size_t resident_octets() {
#ifdef FERMO_SANITIZER_HOLDS_MEMORY
  return 0;
#else
  std::ifstream file("/proc/self/statm");
  std::size_t pages_virtual = 0;
  std::size_t pages_resident = 0;
  file >> pages_virtual >> pages_resident;
  return pages_resident * 4096;
#endif
}

/// Message octets that need no memory to compare with: the octet at any place is known.
std::string piece_at(std::uint64_t at, std::size_t octets) {
  std::string piece(octets, ' ');
  for (std::size_t i = 0; i < octets; ++i) {
    const std::uint64_t place = at + i;
    const std::uint64_t column = place % 64;
    piece[i] = column == 62 ? '\r' : column == 63 ? '\n' : static_cast<char>('A' + (place / 64 + column) % 26);
  }
  return piece;
}

TEST_P(StoreConformance, AHundredMegabyteMessagePassesInBoundedMemory) {
  constexpr std::uint64_t octets = limits::message_octets_max / 64 * 64;
  const std::size_t resident_before = resident_octets();
  std::size_t resident_max = resident_before;
  auto delivery = value_of(store().begin_delivery());
  for (std::uint64_t at = 0; at < octets; at += 60'000) {
    done(delivery->append(piece_at(at, static_cast<std::size_t>(std::min<std::uint64_t>(60'000, octets - at)))));
    resident_max = std::max(resident_max, resident_octets());
  }
  const mail::WireSummary summary{Octets{octets}, Octets{octets}, Octets{octets}};
  const std::vector recipients{recipient("anna"), recipient("bert")};
  value_of(delivery->finish(summary, recipients, Timestamp{}));

  const auto snapshot = value_of(store().open(drop("bert")));
  auto cursor = value_of(snapshot->read(MessageNumber::at_index(0)));
  EXPECT_EQ(cursor->summary(), summary);
  std::uint64_t at = 0;
  for (std::string piece; value_of(cursor->next(piece)); at += piece.size()) {
    ASSERT_LE(piece.size(), limits::message_piece_octets_max);
    ASSERT_TRUE(piece == piece_at(at, piece.size())) << "at " << at;
    resident_max = std::max(resident_max, resident_octets());
  }
  EXPECT_EQ(at, octets);
  if (GetParam().bounded_memory) {
    EXPECT_LT(resident_max - resident_before, 80 * mebi);
  }
}

TEST_P(StoreConformance, ADropOfAHundredThousandMessagesIsCountedListedReadAndEmptied) {
  constexpr std::size_t messages = 100'000;
  const std::string wire = wire_message(1, 120);
  const std::vector<maildrop::Recipient> recipients(limits::recipients_max, recipient("anna"));
  std::vector<mail::UniqueId> given;
  while (given.size() < messages) {
    const auto ids = deliver(store(), wire, recipients);
    given.insert(given.end(), ids.begin(), ids.end());
  }
  const auto snapshot = value_of(store().open(drop("anna")));
  const mail::DropListing expected{messages, Octets{messages * summary_of(wire).octets.value}};
  EXPECT_EQ(snapshot->drop_listing(), expected);
  const auto listing = whole_listing(*snapshot);
  EXPECT_EQ(counted(listing), expected);
  EXPECT_TRUE(std::equal(listing.begin(), listing.end(), given.begin(), given.end(),
                         [](const mail::ScanListing& a, const mail::UniqueId& b) { return a.unique_id == b; }));
  for (const std::size_t number : {std::size_t{1}, messages / 2, messages}) EXPECT_EQ(read(*snapshot, number), wire);
  EXPECT_EQ(value_of(store().recount(drop("anna"))), expected);
  erase_all(store(), "anna");
  EXPECT_EQ(drop_listing(store(), "anna"), mail::DropListing{});
  EXPECT_EQ(value_of(store().recount(drop("anna"))), mail::DropListing{});
}

}  // namespace
}  // namespace fermo::conformance
