#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace fermo::fetcher {

/// A file without a name in the folder for temporary files ($TMPDIR or /tmp). Errors: unavailable, out_of_space.
Result<Descriptor> make_temporary_file();

/// A file without a name that holds messages until they are complete; nothing of it is left when the process ends. What
/// is added stays in memory until a piece is full. What is read is held against checksums: a disk that could not take
/// what was written says so to nobody but who syncs the file, and gives something else later.
class Spool {
 public:
  /// Errors: as for make_temporary_file().
  static Result<Spool> make();

  Result<void> add(std::string_view octets);
  /// For appending in place; flush_if_full() belongs after it.
  std::string& buffer() { return buffer_; }
  /// Writes the buffer out when it holds a whole piece.
  Result<void> flush_if_full();
  Result<void> flush();
  /// Octets so far, those in the buffer included.
  std::uint64_t octets() const { return written_ + buffer_.size(); }
  /// Forgets what comes after `octets`.
  Result<void> cut(std::uint64_t octets);
  /// `octets_max` from `at` on, or all up to the end, where nothing is left. What is asked for must have been flushed.
  /// Errors: spool_damaged, unavailable.
  Result<std::string> read(std::uint64_t at, std::size_t octets_max);
  /// Reads all of it, for somebody who gets the descriptor and has no checksums. Errors as for read().
  Result<void> verify();
  int descriptor() const { return file_.get(); }

 private:
  /// What was written at once.
  struct Block {
    std::uint64_t begin;
    std::size_t octets;
    std::uint32_t checksum;
  };

  explicit Spool(Descriptor file) : file_(std::move(file)) {}
  std::size_t block_with(std::uint64_t at) const;
  Result<void> load(std::size_t number);

  Descriptor file_;
  std::string buffer_;
  std::uint64_t written_ = 0;
  std::vector<Block> blocks_;
  std::optional<std::size_t> loaded_;  ///< The number of the block that was read last, and is `content_`.
  std::string content_;
};

}  // namespace fermo::fetcher
