#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace fermo::fetcher {

/// A file without a name that holds messages until they are complete; nothing of it is left when the process ends. What
/// is added stays in memory until a piece is full.
class Spool {
 public:
  /// In the folder for temporary files ($TMPDIR or /tmp). Errors: unavailable, out_of_space.
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
  /// Up to `octets_max` from `at` on; empty at the end. What is asked for must have been flushed.
  Result<std::string> read(std::uint64_t at, std::size_t octets_max) const;
  int descriptor() const { return file_.get(); }

 private:
  explicit Spool(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
  std::string buffer_;
  std::uint64_t written_ = 0;
};

}  // namespace fermo::fetcher
