#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "mail/wire_message.h"
#include "maildrop_ipc/wire.h"

namespace fermo::maildrop_ipc {

/// Messages of one snapshot that came with the reply to another one's request; together they fit one piece. Used by one
/// thread at a time.
class ReadAhead {
 public:
  /// How many to ask for beside `number`. None unless messages are read one after the other, and then more each time:
  /// whoever wants one message waits for no other, and whoever wants all of them not long for the first ones.
  std::size_t to_ask_for(MessageNumber number);

  /// Takes what came beside `number` from its reply, which then is about that message alone. What was kept before goes.
  void keep(MessageNumber number, reply::Reading& reading);

  /// The reply that a request for `number` would have had. Nothing when it has to be asked for.
  std::optional<reply::Reading> find(MessageNumber number);

 private:
  struct Message {
    mail::WireSummary summary;
    std::size_t at;  ///< Where it begins in octets_.
  };

  void forget();

  MessageNumber first_ = MessageNumber::at_index(0);  ///< Of messages_.
  std::vector<Message> messages_;
  std::string octets_;
  std::optional<MessageNumber> next_;  ///< What a reader in order would read now.
  std::size_t count_ = 0;              ///< Asked for last.
};

}  // namespace fermo::maildrop_ipc
