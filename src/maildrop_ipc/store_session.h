#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "maildrop/checkpoint.h"
#include "maildrop/maildrop.h"
#include "maildrop_ipc/allowance.h"
#include "maildrop_ipc/grants.h"
#include "maildrop_ipc/wire.h"

namespace fermo::maildrop_ipc {

/// The serving half of one connection, without the socket: obeys requests from a stranger. What it was asked to hold (a
/// delivery, a snapshot, cursors, a checkpoint) ends with it. Used by one thread at a time.
class StoreSession {
 public:
  /// `store` and `checkpoints`, which is null for a store that cannot be backed up, must outlive it.
  explicit StoreSession(maildrop::Store& store, maildrop::CheckpointSource* checkpoints = nullptr)
      : store_(store), checkpoints_(checkpoints) {}

  /// For the process with the network, over a channel: it is greeted, opens a maildrop only by one of `grants`, calls
  /// nothing on the store itself, and shares `held` with the others for what deliveries hold that are not finished. All
  /// must outlive this.
  StoreSession(maildrop::Store& store, Grants& grants, Allowance& held)
      : store_(store), checkpoints_(nullptr), grants_(&grants), greeted_(true), held_(&held) {}

  /// Blocks as long as the store does. Nothing when the request is not one that may come now: the connection must be
  /// closed.
  std::optional<Reply> answer(const Request& request);

 private:
  using Answer = std::optional<Reply>;

  struct Reading {
    std::unique_ptr<maildrop::Cursor> cursor;
    std::uint64_t given_octets;
  };

  static Result<bool> next_piece(Reading& reading, std::string& piece);
  void read_following(MessageNumber number, std::size_t count_max, reply::Reading& reply);
  Answer obey(const request::Hello& hello);
  Answer obey(const request::BeginDelivery&);
  Answer obey(const request::Append& append);
  Answer obey(const request::AddRecipients& add);
  Answer obey(const request::Finish& finish);
  Answer obey(const request::Open& open);
  Answer obey(const request::GetScanListings& get);
  Answer obey(const request::Read& read);
  Answer obey(const request::NextPiece& next);
  Answer obey(const request::CloseCursor& close);
  Answer obey(const request::MarkDeletions& mark);
  Answer obey(const request::CommitDeletions&);
  Answer obey(const request::ListDrops& list);
  Answer obey(const request::ListImported& list);
  Answer obey(const request::Recount& recount);
  Answer obey(const request::Sweep&);
  Answer obey(const request::TakeCheckpoint&);

  /// The connection has not been given to a delivery, to a snapshot or to a checkpoint.
  bool is_free() const { return !delivery_ && !delivery_over_ && !snapshot_ && !checkpoint_; }
  bool may_manage() const { return grants_ == nullptr && is_free(); }

  maildrop::Store& store_;
  maildrop::CheckpointSource* const checkpoints_;
  Grants* const grants_ = nullptr;  ///< Null: any maildrop may be opened.
  bool greeted_ = false;

  Allowance::Share held_{nullptr};  ///< By the delivery.
  std::unique_ptr<maildrop::Delivery> delivery_;
  bool delivery_over_ = false;
  std::uint64_t appended_octets_ = 0;
  std::vector<maildrop::Recipient> recipients_;

  std::unique_ptr<maildrop::Snapshot> snapshot_;
  std::vector<MessageNumber> marked_;
  std::map<CursorId, Reading> cursors_;  ///< After snapshot_: destroyed before it.
  CursorId last_cursor_ = 0;

  std::unique_ptr<maildrop::Checkpoint> checkpoint_;
};

}  // namespace fermo::maildrop_ipc
