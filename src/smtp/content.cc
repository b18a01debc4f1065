#include "smtp/content.h"

#include <utility>

#include "base/limits.h"

namespace fermo::smtp {

void LineEndScanner::scan(std::string_view content) {
  for (const char c : content) {
    bare_seen_ |= after_cr_ != (c == '\n');
    after_cr_ = c == '\r';
  }
}

std::size_t Content::room() const {
  if (refusal()) return limits::message_piece_octets_max;
  // Byte-stuffing adds at most one octet to each three ("\r\n."), and the decoder may let go of two that it held back.
  // Near the end of a piece octets go one by one, so that it is full at the same octet whatever the cuts.
  const std::size_t left = limits::message_piece_octets_max - wire_.size();
  return left < 16 ? 1 : left / 2;
}

mail::DotDecoder::Progress Content::take_data(std::string_view input) {
  decoded_.clear();
  const auto progress = decoder_.decode(input, decoded_);
  gather(decoded_);
  return progress;
}

void Content::take_chunk(std::string_view input) {
  line_ends_.scan(input);
  gather(input);
}

void Content::gather(std::string_view content) {
  if (!refusal()) encoder_.encode(content, wire_);
  if (encoder_.octets().value > octets_max_) fail(replies::too_large);
  drop_what_is_refused();
}

void Content::finish() {
  line_ends_.finish();
  drop_what_is_refused();
  if (!refusal()) summary_ = encoder_.finish(wire_);
  finished_ = true;
}

std::optional<std::string> Content::take_piece() {
  if (wire_.empty() || (wire_.size() < limits::message_piece_octets_max && !finished_)) return std::nullopt;
  std::string piece = std::exchange(wire_, {});
  if (piece.size() > limits::message_piece_octets_max) {
    wire_.assign(piece, limits::message_piece_octets_max);
    piece.resize(limits::message_piece_octets_max);
  }
  return piece;
}

void Content::fail(const Reply& reply) {
  if (!failure_) failure_ = reply;
  drop_what_is_refused();
}

std::optional<Reply> Content::refusal() const {
  if (bare_line_end_seen()) return replies::bare_line_end;
  return failure_;
}

bool Content::bare_line_end_seen() const {
  return decoder_.bare_lf_seen() || decoder_.bare_cr_seen() || line_ends_.bare_seen();
}

void Content::drop_what_is_refused() {
  if (refusal()) wire_.clear();
}

}  // namespace fermo::smtp
