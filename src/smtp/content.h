#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mail/dot_codec.h"
#include "mail/wire_message.h"
#include "smtp/reply.h"

namespace fermo::smtp {

/// Finds a LF without CR, or a CR without LF, in content that comes in chunks. (Mail data after DATA goes through
/// mail::DotDecoder, which finds them too.)
class LineEndScanner {
 public:
  void scan(std::string_view content);
  void finish() { bare_seen_ |= after_cr_; }
  bool bare_seen() const { return bare_seen_; }

 private:
  bool after_cr_ = false;
  bool bare_seen_ = false;
};

/// The content of one message between the peer and the store: decoded, judged, turned into wire form and gathered into
/// pieces that do not depend on how the peer's octets were cut. Once it is refused, what follows is swallowed. Holds
/// one piece at most. Not thread-safe.
class Content {
 public:
  explicit Content(std::uint64_t octets_max) : octets_max_(octets_max) {}

  /// How much take_data() or take_chunk() may be given: so little that a piece never becomes full in the middle of it.
  std::size_t room() const;
  /// Takes mail data as it comes after DATA, up to its end.
  mail::DotDecoder::Progress take_data(std::string_view input);
  /// Takes content as it comes in chunks (RFC 3030 §2).
  void take_chunk(std::string_view input);
  /// All content has been taken.
  void finish();

  /// The next piece that is due: full ones of limits::message_piece_octets_max, and what is left after finish().
  std::optional<std::string> take_piece();
  /// Complete after finish().
  const mail::WireSummary& summary() const { return summary_; }

  /// Refuses the content for a reason of the store's or of the dialogue's; the first one stays.
  void fail(const Reply& reply);
  /// Why the message cannot be taken. Known for good only when all content has been taken: bare line ends count for
  /// more than anything else, wherever they stand.
  std::optional<Reply> refusal() const;

 private:
  bool bare_line_end_seen() const;
  void gather(std::string_view content);
  void drop_what_is_refused();

  std::uint64_t octets_max_;
  mail::DotDecoder decoder_;
  LineEndScanner line_ends_;
  mail::WireEncoder encoder_{mail::WireEncoder::BareLf::keep};
  std::string decoded_;
  std::string wire_;
  mail::WireSummary summary_;
  std::optional<Reply> failure_;
  bool finished_ = false;
};

}  // namespace fermo::smtp
