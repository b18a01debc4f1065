#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/octets.h"
#include "mail/listing.h"

namespace fermo::fetch {

/// One message as the server listed it in this session.
struct ListedMessage {
  MessageNumber number;
  std::string unique_id;  ///< As the server gave it, whether RFC 1939 §7 allows it or not; empty when it gave none.
  Octets octets;
  friend bool operator==(const ListedMessage&, const ListedMessage&) = default;
};

/// What the server showed in this session.
struct Listing {
  mail::DropListing stat;  ///< The answer to STAT.
  /// Every message is in `messages`; otherwise they are a tail of the drop (fetch/tail_probe.h), and nothing can be
  /// said about what is not there.
  bool complete = true;
  bool unique_ids = true;               ///< UIDL was answered.
  std::vector<ListedMessage> messages;  ///< Rising message-numbers.
  std::uint64_t position_offset = 0;    ///< What a message-number lacks to its position (Record::position).
};

}  // namespace fermo::fetch
