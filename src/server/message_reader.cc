#include "server/message_reader.h"

#include <utility>

#include "base/limits.h"

namespace fermo::server {

Result<void> MessageReader::open() {
  auto cursor = snapshot_->read(number_);
  if (!cursor) return cursor.error();
  cursor_ = std::move(*cursor);
  if (body_lines_) top_.emplace(cursor_->summary().header_wire_octets, *body_lines_);
  return {};
}

Result<MessageReader::Piece> MessageReader::next() {
  if (!cursor_) {
    if (const Result<void> opened = open(); !opened) return opened.error();
  }
  Piece piece;
  std::string read;
  while (piece.wire.size() < limits::message_piece_octets_max && !piece.ended) {
    const Result<bool> more = cursor_->next(read);
    if (!more) return more.error();
    if (*more && !top_ && piece.wire.empty()) {
      piece.wire.swap(read);  // without a copy, which is what most messages are: one piece
    } else if (*more) {
      piece.wire += top_ ? top_->pass(read) : std::string_view(read);
    }
    piece.ended = !*more || (top_ && top_->done());
  }
  if (piece.ended) cursor_.reset();
  return piece;
}

}  // namespace fermo::server
