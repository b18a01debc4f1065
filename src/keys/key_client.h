#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/limits.h"
#include "base/result.h"
#include "keys/signer.h"
#include "keys/wire.h"

namespace fermo::keys {

/// The asking side: a few connections, each used by one thread at a time. Every call waits at most `time_max` in all,
/// for a free connection and for the reply. A connection on which anything went wrong is closed and not used again;
/// when none is left, calls fail at once until replace() brings new ones. Thread-safe.
class KeyClient final : public Signer {
 public:
  /// Connected stream sockets whose other ends serve().
  explicit KeyClient(std::vector<Descriptor> sockets, std::chrono::milliseconds time_max = limits::keys_reply_time_max);

  /// The process that holds the keys was started anew. Calls under way end as they would have.
  void replace(std::vector<Descriptor> sockets);

  /// Errors of all: unavailable, unsupported, and those of the reply.
  Result<std::size_t> key_count();
  /// The chain in DER, the server's own certificate first.
  Result<std::vector<std::string>> certificates(KeyNumber key);
  Result<std::string> sign(KeyNumber key, Scheme scheme, std::string_view content) override;
  Result<tickets::TicketKeySet> ticket_keys();

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Connection {
    Descriptor socket;
    unsigned generation = 0;
    std::optional<KeyNumber> keys = std::nullopt;  ///< Greeted, and this was the answer.
  };

  /// Takes a free connection, greeted.
  Result<Connection> take(Deadline deadline);
  void give_back(Connection connection);
  void lose(const Connection& connection);
  template <class Expected>
  Result<Expected> ask(const Request& request);

  const std::chrono::milliseconds time_max_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Connection> free_;
  std::size_t open_ = 0;  ///< Of this generation: free, or in use.
  unsigned generation_ = 0;
};

}  // namespace fermo::keys
