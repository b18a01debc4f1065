#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "fetch/head_identity.h"
#include "fetch/ledger.h"
#include "fetch/plan.h"
#include "fetch/target.h"
#include "fetcher/spool.h"

namespace fermo::fetcher {

/// Brings the messages of one session into the target, makes them durable in batches and records them in the ledger: in
/// this order, and only what has ended. Everything blocks; to be used by one thread at a time.
class Delivery {
 public:
  /// `batch_messages_max` is 1 for a target that hands every message on at once and cannot tell later which: so few may
  /// be handed on twice when the process is killed.
  Delivery(fetch::Target& target, fetch::Ledger& ledger, std::string account, std::size_t batch_messages_max,
           const Clock& clock);

  /// A message comes: the decision about it, and what the caller knows it by.
  struct Begun {
    std::size_t index;
    fetch::Decision decision;
  };
  struct Content {
    std::string octets;
  };
  /// All of it has come.
  struct Ended {};
  /// It was cut off.
  struct Cut {};
  using Event = std::variant<Begun, Content, Ended, Cut>;

  /// The target does not take this one.
  struct NotTaken {
    std::size_t index;
    error_code why;
    std::string explanation;
  };
  /// What became of messages.
  struct Settled {
    std::vector<std::size_t> delivered;      ///< Durable and recorded: may be deleted on the server.
    std::vector<std::size_t> known_already;  ///< Told by its content alone; also durable and recorded.
    /// Keys of messages that had none before: what their content says.
    std::vector<std::pair<std::size_t, std::string>> identified;
    std::vector<NotTaken> not_taken;
    std::optional<error_code> failure;  ///< The session cannot go on.
    bool failure_of_ledger = false;
    std::string explanation;
  };

  /// Takes the events in their order. Commits when enough has gathered, when as much has as is still `to_come` after
  /// these events, and at the end when that is nothing.
  Settled perform(std::vector<Event> events, std::size_t to_come);

  /// For when there is time: see Target::tidy().
  void tidy() { target_.tidy(); }

  /// Something may be in the target that is not recorded.
  bool unsettled() const { return unsettled_; }

  /// Those of the `wanted` decisions whose messages the target has already, delivered by a session that could not
  /// record it.
  Result<std::vector<std::size_t>> find_delivered(const std::vector<fetch::Decision>& decisions,
                                                  const std::vector<std::size_t>& wanted);
  /// What the ledger should know of them.
  std::vector<fetch::Change> changes_of_found(const std::vector<fetch::Decision>& decisions,
                                              const std::vector<std::size_t>& found) const;

  /// Under which the target has the message.
  std::string name_of(const fetch::Decision& decision) const;

 private:
  /// A message between Begun and the record of it.
  struct Pending {
    Pending(std::size_t of, fetch::Decision about) : index(of), decision(std::move(about)) {}
    std::size_t index;
    fetch::Decision decision;
    std::string name;
    fetch::HeadReader head;
    Octets octets;
  };

  Result<void> take(Begun& event);
  Result<void> take(Content& event);
  Result<void> take(Ended& event);
  Result<void> take(Cut& event);
  Result<void> begin_in_target(Octets octets);
  Result<void> end_in_target();
  Result<void> tell_by_content();
  Result<void> deliver_spooled();
  bool batch_is_full() const;
  bool batch_is_half_of_the_rest(std::size_t to_come) const;
  Result<void> commit();
  Result<void> commit_and_record();
  void add_changes(Pending& pending, std::vector<fetch::Change>& changes, Timestamp now) const;
  Result<void> record(const std::vector<fetch::Change>& changes);
  void give_up(const error_code& failure);

  fetch::Target& target_;
  fetch::Ledger& ledger_;
  const std::string account_;
  const std::size_t batch_messages_max_;
  const Clock& clock_;
  std::optional<Pending> current_;
  std::optional<Spool> spool_;  ///< Of the current message, when only its content will tell what it is.
  std::vector<Pending> ended_;  ///< In the target, not committed.
  Octets ended_octets_;
  std::chrono::steady_clock::time_point batch_begun_;
  Settled settled_;
  bool unsettled_ = false;
  bool failed_ = false;
  bool commit_failed_ = false;
};

}  // namespace fermo::fetcher
