#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "mail/wire_message.h"
#include "maildrop/maildrop.h"

namespace fermo::server {

/// Reads what RETR or TOP sends of one message, in pieces large enough that one hop to the pool is worth it, and a
/// small message in one. Blocking; used by one thread at a time.
class MessageReader {
 public:
  struct Piece {
    std::string wire;  ///< At most twice `limits::message_piece_octets_max`.
    bool ended =
        false;  ///< Nothing follows: every octet that belongs to the answer has been given, and every checksum held.
  };

  /// `body_lines`: as in pop3::SendMessage.
  MessageReader(std::shared_ptr<maildrop::Snapshot> snapshot, MessageNumber number,
                std::optional<std::uint64_t> body_lines)
      : snapshot_(std::move(snapshot)), number_(number), body_lines_(body_lines) {}

  /// The next piece. After the end, or after an error, not to be called again.
  Result<Piece> next();

 private:
  Result<void> open();

  std::shared_ptr<maildrop::Snapshot> snapshot_;
  MessageNumber number_;
  std::optional<std::uint64_t> body_lines_;
  std::optional<mail::TopFilter> top_;
  std::unique_ptr<maildrop::Cursor> cursor_;
};

}  // namespace fermo::server
