#include "maildrop_ipc/remote_store.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "maildrop_ipc/client_connection.h"
#include "maildrop_ipc/read_ahead.h"

namespace fermo::maildrop_ipc {
namespace {

using Connection = std::shared_ptr<ClientConnection>;

bool trace_too_long(const maildrop::Recipient& recipient) {
  return recipient.trace_fields.size() > limits::trace_fields_octets_max;
}

class RemoteDelivery final : public maildrop::Delivery {
 public:
  explicit RemoteDelivery(Connection connection) : connection_(std::move(connection)) {}

  Result<void> append(std::string_view wire) override {
    while (!wire.empty()) {
      const auto piece = wire.substr(0, limits::message_piece_octets_max);
      const auto done = connection_->ask<reply::Done>(request::Append{std::string(piece)});
      if (!done) return done.error();
      wire.remove_prefix(piece.size());
    }
    return {};
  }

  Result<std::vector<mail::UniqueId>> finish(const mail::WireSummary& summary,
                                             std::span<const maildrop::Recipient> recipients,
                                             Timestamp received_at) override {
    if (recipients.size() > limits::store_ipc_recipients_max || std::ranges::any_of(recipients, trace_too_long)) {
      return maildrop::Error::unsupported;
    }
    if (const auto added = add(recipients); !added) return added.error();
    auto delivered =
        connection_->ask<reply::Delivered>(request::Finish{summary, received_at}, maildrop::Error::unknown);
    if (!delivered) return delivered.error();
    if (delivered->unique_ids.size() != recipients.size()) return maildrop::Error::unknown;
    return std::move(delivered->unique_ids);
  }

 private:
  Result<void> add(std::span<const maildrop::Recipient> recipients) {
    while (!recipients.empty()) {
      const auto some = recipients.first(std::min(recipients.size(), limits::store_ipc_recipients_at_once_max));
      const auto done = connection_->ask<reply::Done>(request::AddRecipients{{some.begin(), some.end()}});
      if (!done) return done.error();
      recipients = recipients.subspan(some.size());
    }
    return {};
  }

  Connection connection_;
};

class RemoteCursor final : public maildrop::Cursor {
 public:
  RemoteCursor(Connection connection, reply::Reading reading)
      : connection_(std::move(connection)),
        id_(reading.cursor),
        summary_(reading.summary),
        ahead_(std::move(reading.piece)),
        ended_(reading.ended) {}
  ~RemoteCursor() override {
    if (!ended_) connection_->close_later(id_);
  }

  const mail::WireSummary& summary() const override { return summary_; }

  Result<bool> next(std::string& piece) override {
    if (ahead_.empty() && !ended_) {
      auto reply = connection_->ask<reply::Piece>(request::NextPiece{id_});
      if (!reply) return {boost::system::in_place_error, reply.error()};
      ahead_ = std::move(reply->octets);
      ended_ = reply->ended;
    }
    given_octets_ += ahead_.size();
    // A peer that ends early, or goes on, has not given the message it announced.
    const bool cut_short = (ended_ || ahead_.empty()) && given_octets_ < summary_.wire_octets.value;
    if (given_octets_ > summary_.wire_octets.value || cut_short) {
      return {boost::system::in_place_error, make_error_code(maildrop::Error::corrupt)};
    }
    piece = std::exchange(ahead_, {});
    return {boost::system::in_place_value, !piece.empty()};
  }

 private:
  Connection connection_;
  const CursorId id_;
  const mail::WireSummary summary_;
  std::string ahead_;  ///< Came, and was not yet given.
  bool ended_;         ///< Nothing comes after it.
  std::uint64_t given_octets_ = 0;
};

class RemoteSnapshot final : public maildrop::Snapshot {
 public:
  RemoteSnapshot(Connection connection, const mail::DropListing& listing)
      : connection_(std::move(connection)), listing_(listing) {}

  mail::DropListing drop_listing() const override { return listing_; }

  Result<std::vector<mail::ScanListing>> scan_listings(MessageNumber first, std::size_t count) override {
    const std::size_t wanted = std::min(count, limits::scan_listings_at_once_max);
    auto reply = connection_->ask<reply::ScanListings>(request::GetScanListings{first, wanted});
    if (!reply) return reply.error();
    if (reply->listings.size() > wanted) return maildrop::Error::unavailable;
    return std::move(reply->listings);
  }

  Result<std::unique_ptr<maildrop::Cursor>> read(MessageNumber number) override {
    if (auto here = ahead_.find(number)) return std::make_unique<RemoteCursor>(connection_, std::move(*here));
    const std::size_t following_max = ahead_.to_ask_for(number);
    auto reading = connection_->ask<reply::Reading>(request::Read{number, following_max});
    if (!reading) return reading.error();
    if (reading->following.size() > following_max) return maildrop::Error::unavailable;
    ahead_.keep(number, *reading);
    return std::make_unique<RemoteCursor>(connection_, std::move(*reading));
  }

  Result<void> commit_deletions(std::span<const MessageNumber> numbers) override {
    // Without repetitions, the other side can bound what it keeps by the number of messages.
    std::vector<MessageNumber> distinct(numbers.begin(), numbers.end());
    std::ranges::sort(distinct);
    const auto repeated = std::ranges::unique(distinct);
    distinct.erase(repeated.begin(), repeated.end());
    if (!distinct.empty() && distinct.back().value() > listing_.messages) return maildrop::Error::no_such_message;
    if (const auto marked = mark(distinct); !marked) return marked.error();
    const auto done = connection_->ask<reply::Done>(request::CommitDeletions{}, maildrop::Error::unknown);
    if (!done) return done.error();
    return {};
  }

 private:
  Result<void> mark(std::span<const MessageNumber> numbers) {
    while (!numbers.empty()) {
      const auto some = numbers.first(std::min(numbers.size(), limits::store_ipc_deletions_at_once_max));
      const auto done = connection_->ask<reply::Done>(request::MarkDeletions{{some.begin(), some.end()}});
      if (!done) return done.error();
      numbers = numbers.subspan(some.size());
    }
    return {};
  }

  Connection connection_;
  const mail::DropListing listing_;
  ReadAhead ahead_;
};

/// The connection holds it on the other side.
class RemoteCheckpoint final : public maildrop::Checkpoint {
 public:
  RemoteCheckpoint(Connection connection, std::string name)
      : connection_(std::move(connection)), name_(std::move(name)) {}

  const std::string& name() const override { return name_; }

 private:
  const Connection connection_;
  const std::string name_;
};

}  // namespace

Result<std::unique_ptr<RemoteStore>> RemoteStore::connect(const std::filesystem::path& path,
                                                          std::chrono::milliseconds reply_time_max) {
  if (const auto greeted = ClientConnection::open(path, reply_time_max); !greeted) return greeted.error();
  return std::unique_ptr<RemoteStore>(new RemoteStore(path, reply_time_max));
}

std::unique_ptr<RemoteStore> RemoteStore::over(ipc::SocketPool& pool) {
  return std::unique_ptr<RemoteStore>(new RemoteStore(pool));
}

Result<std::shared_ptr<ClientConnection>> RemoteStore::new_connection(std::chrono::milliseconds reply_time_max) {
  if (pool_ != nullptr) return std::make_shared<ClientConnection>(channel_over(*pool_));
  auto connection = ClientConnection::open(path_, reply_time_max);
  if (!connection && connection.error().category() == boost::system::system_category()) {
    return maildrop::Error::unavailable;
  }
  return connection;
}

Result<std::unique_ptr<maildrop::Delivery>> RemoteStore::begin_delivery() {
  auto connection = new_connection();
  if (!connection) return connection.error();
  const auto begun = (*connection)->ask<reply::Done>(request::BeginDelivery{});
  if (!begun) return begun.error();
  return std::make_unique<RemoteDelivery>(std::move(*connection));
}

Result<std::unique_ptr<maildrop::Snapshot>> RemoteStore::open(const DropId& drop) {
  auto connection = new_connection();
  if (!connection) return connection.error();
  const auto opened = (*connection)->ask<reply::Opened>(request::Open{drop});
  if (!opened) return opened.error();
  return std::make_unique<RemoteSnapshot>(std::move(*connection), opened->listing);
}

Result<std::vector<maildrop::DropSummary>> RemoteStore::list_drops(const std::optional<DropId>& after,
                                                                   std::size_t count) {
  auto connection = new_connection();
  if (!connection) return connection.error();
  const std::size_t wanted = std::min(count, limits::scan_listings_at_once_max);
  auto reply = (*connection)->ask<reply::Drops>(request::ListDrops{after, wanted});
  if (!reply) return reply.error();
  return std::move(reply->drops);
}

Result<std::vector<mail::UniqueId>> RemoteStore::list_imported(const DropId& drop,
                                                               const std::optional<mail::UniqueId>& after,
                                                               std::size_t count) {
  auto connection = new_connection();
  if (!connection) return connection.error();
  const std::size_t wanted = std::min(count, limits::scan_listings_at_once_max);
  auto reply = (*connection)->ask<reply::Imported>(request::ListImported{drop, after, wanted});
  if (!reply) return reply.error();
  if (reply->unique_ids.size() > wanted) return maildrop::Error::unavailable;
  return std::move(reply->unique_ids);
}

Result<mail::DropListing> RemoteStore::recount(const DropId& drop) {
  auto connection = new_connection();
  if (!connection) return connection.error();
  const auto counted = (*connection)->ask<reply::Counted>(request::Recount{drop});
  if (!counted) return counted.error();
  return counted->listing;
}

Result<maildrop::SweepReport> RemoteStore::sweep() {
  auto connection = new_connection();
  if (!connection) return connection.error();
  const auto swept = (*connection)->ask<reply::Swept>(request::Sweep{});
  if (!swept) return swept.error();
  return swept->report;
}

Result<std::unique_ptr<maildrop::Checkpoint>> RemoteStore::take_checkpoint() {
  auto connection =
      new_connection(std::max<std::chrono::milliseconds>(reply_time_max_, limits::store_ipc_checkpoint_time_max));
  if (!connection) return connection.error();
  auto taken = (*connection)->ask<reply::CheckpointTaken>(request::TakeCheckpoint{});
  if (!taken) return taken.error();
  return std::make_unique<RemoteCheckpoint>(std::move(*connection), std::move(taken->name));
}

}  // namespace fermo::maildrop_ipc
