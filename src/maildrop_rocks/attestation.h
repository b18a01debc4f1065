#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What each batch says in the log of those before it: up to which sequence number all was on the disk when the batch
/// was made. That holds wherever it is read, whether or not its own batch can be. Mail stands in the log as well, and
/// may hold anything that its sender knows: so an attestation bears a mark that is drawn for each store and never
/// leaves it.
namespace fermo::rocks {

/// A number that no stranger knows; 0 for none.
using LogMark = std::uint64_t;

std::string attestation(std::uint64_t sequence, LogMark mark);
/// The sequence, if that is an attestation, with whatever mark; those that earlier versions wrote have none.
std::optional<std::uint64_t> attested_sequence(std::string_view attestation);

/// Finds the attestations in a log that is too damaged to be read. Used by one thread.
class AttestationSearch {
 public:
  /// Counts those with this mark only, which is not 0.
  explicit AttestationSearch(LogMark mark);

  /// A log is divided into blocks, each of which begins with the header of a record. All are handed over in turn.
  static constexpr std::size_t block_octets = 32 * 1024;
  void block(std::string_view octets);

  /// The greatest sequence of those that were found; 0 when there was none.
  std::uint64_t attested() const { return attested_; }

 private:
  const std::string needle_;
  std::string window_;  ///< What the records hold, as far as an attestation may still begin in it.
  std::uint64_t attested_ = 0;
};

}  // namespace fermo::rocks
