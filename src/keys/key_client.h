#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/limits.h"
#include "base/result.h"
#include "ipc/socket_pool.h"
#include "keys/signer.h"
#include "keys/wire.h"

namespace fermo::keys {

/// The asking side, over a few connections (ipc::SocketPool). Thread-safe.
class KeyClient final : public Signer {
 public:
  /// Connected stream sockets whose other ends serve(). A call waits at most `time_max` for a free one, and as long for
  /// the reply.
  explicit KeyClient(std::vector<Descriptor> sockets, std::chrono::milliseconds time_max = limits::keys_reply_time_max);

  /// The process that holds the keys was started anew. Calls under way end as they would have.
  void replace(std::vector<Descriptor> sockets) { pool_.replace(std::move(sockets)); }

  /// How many keys there are. Errors of all calls: unavailable, and those of the reply; of this one also unsupported,
  /// when the other side is of another version.
  Result<std::size_t> key_count();
  /// The chain in DER, the server's own certificate first.
  Result<std::vector<std::string>> certificates(KeyNumber key);
  Result<std::string> sign(KeyNumber key, Scheme scheme, std::string_view content) override;
  Result<tickets::TicketKeySet> ticket_keys();

 private:
  template <class Expected>
  Result<Expected> ask(const Request& request);

  ipc::SocketPool pool_;
};

}  // namespace fermo::keys
