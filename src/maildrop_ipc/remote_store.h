#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/limits.h"
#include "ipc/socket_pool.h"
#include "maildrop/checkpoint.h"
#include "maildrop/maildrop.h"

namespace fermo::maildrop_ipc {

class ClientConnection;

/// A store that another process serves (StoreService). Each delivery and each snapshot has a connection of its own,
/// every other call makes one. A lost connection is `unavailable`, and `unknown` once the request that makes a delivery
/// or deletions durable has gone out. Thread-safe.
class RemoteStore final : public maildrop::Store, public maildrop::CheckpointSource {
 public:
  /// Makes sure that somebody serves at `path`. `reply_time_max` bounds the wait for each reply. Errors: those of the
  /// system (ENOENT or ECONNREFUSED: nobody serves there; EACCES: we may not), unavailable (too busy), unsupported
  /// (another version).
  static Result<std::unique_ptr<RemoteStore>> connect(
      const std::filesystem::path& path, std::chrono::milliseconds reply_time_max = limits::store_ipc_reply_time_max);

  /// The store of the process at the other end of `pool`, which must outlive this and all it gives out. It obeys what
  /// serve_channels() does.
  static std::unique_ptr<RemoteStore> over(ipc::SocketPool& pool);

  Result<std::unique_ptr<maildrop::Delivery>> begin_delivery() override;
  Result<std::unique_ptr<maildrop::Snapshot>> open(const DropId& drop) override;
  Result<std::vector<maildrop::DropSummary>> list_drops(const std::optional<DropId>& after, std::size_t count) override;
  Result<std::vector<mail::UniqueId>> list_imported(const DropId& drop, const std::optional<mail::UniqueId>& after,
                                                    std::size_t count) override;
  Result<mail::DropListing> recount(const DropId& drop) override;
  Result<maildrop::SweepReport> sweep() override;

  /// It goes when either process ends.
  Result<std::unique_ptr<maildrop::Checkpoint>> take_checkpoint() override;

 private:
  RemoteStore(std::filesystem::path path, std::chrono::milliseconds reply_time_max)
      : path_(std::move(path)), reply_time_max_(reply_time_max) {}
  explicit RemoteStore(ipc::SocketPool& pool) : reply_time_max_(limits::store_ipc_reply_time_max), pool_(&pool) {}

  Result<std::shared_ptr<ClientConnection>> new_connection() { return new_connection(reply_time_max_); }
  Result<std::shared_ptr<ClientConnection>> new_connection(std::chrono::milliseconds reply_time_max);

  const std::filesystem::path path_;
  const std::chrono::milliseconds reply_time_max_;
  ipc::SocketPool* const pool_ = nullptr;  ///< Null: each connection is one to the socket at path_.
};

}  // namespace fermo::maildrop_ipc
