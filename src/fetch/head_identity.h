#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fetch/sha256.h"

namespace fermo::fetch {

/// What a message is known by when its unique-id says nothing: a digest of the header fields that every server keeps.
/// Received, Message-ID, Date, From, Sender, To, Cc, Subject, Delivered-To and X-Original-To count, each with folding
/// and runs of white space taken as one space, in their order; what servers add on their own (Status, X-UIDL, …) does
/// not.
struct HeadIdentity {
  std::string digest;  ///< 40 hexadecimal digits.
  /// There was a Message-ID and at least one Received: two different deliveries do not share those. Without them the
  /// octets of the message must agree as well before two heads are taken for one message.
  bool strong = false;
  friend bool operator==(const HeadIdentity&, const HeadIdentity&) = default;
};

/// Computes the identity from the header of a message as it passes: from the answer to TOP or RETR, byte-stuffing
/// undone. Reads at most `limits::head_identity_octets_max` of the header and keeps one field of at most
/// `limits::head_field_octets_max` in memory. Lines may end in CRLF or LF. Not thread-safe.
class HeadReader {
 public:
  /// Cuts between pieces may fall anywhere; what follows the header is passed over.
  void append(std::string_view content);
  /// The blank line has been seen: more content changes nothing.
  bool ended() const { return ended_; }
  /// Call once, when the header or the message has ended.
  HeadIdentity finish();

 private:
  void take(char octet);
  void end_line();
  void end_field();

  Sha256 hash_;
  std::string field_;
  std::uint64_t octets_ = 0;
  std::size_t line_octets_ = 0;
  bool after_cr_ = false;
  bool ended_ = false;
  bool has_message_id_ = false;
  bool has_received_ = false;
};

/// The identity of a head that is there as a whole.
HeadIdentity head_identity(std::string_view head);

}  // namespace fermo::fetch
