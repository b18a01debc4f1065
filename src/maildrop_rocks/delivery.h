#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "maildrop/maildrop.h"
#include "maildrop_rocks/open_store.h"

namespace fermo::rocks {

/// A small message stays in memory until finish() and goes out in one write. Of a larger one whole chunks are written
/// as they come, under a marker in `pending` by which they are found again should the delivery be cut off.
class RocksDelivery final : public maildrop::Delivery {
 public:
  RocksDelivery(const std::shared_ptr<OpenStore>& store, mail::ArrivalIdSource& arrivals)
      : store_(store), arrivals_(arrivals), body_(arrivals.next()) {}
  ~RocksDelivery() override;

  Result<void> append(std::string_view wire) override;
  Result<std::vector<mail::UniqueId>> finish(const mail::WireSummary& summary,
                                             std::span<const maildrop::Recipient> recipients,
                                             Timestamp received_at) override;

 private:
  Result<void> write_chunk(OpenStore& store);
  void add_chunk(Batch& batch, std::string_view chunk);

  const std::weak_ptr<OpenStore> store_;
  mail::ArrivalIdSource& arrivals_;
  const BodyId body_;
  std::string buffer_;              ///< What is not written yet; less than a chunk.
  std::uint64_t octets_ = 0;        ///< Appended so far.
  std::uint32_t chunks_ = 0;        ///< Put into a batch so far.
  bool pending_ = false;            ///< Chunks have been written.
  bool keep_ = false;               ///< The chunks belong to a message, or may.
  std::optional<error_code> over_;  ///< Why nothing more is taken.
};

}  // namespace fermo::rocks
