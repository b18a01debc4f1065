#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "config/config.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fermo/store_turn.h"
#include "maildrop/checkpoint.h"
#include "maildrop/maildrop.h"
#include "maildrop_rocks/rocks_maildrop.h"

namespace fermo::commands {

/// The store, however it can be reached: through a running server's control socket, or opened by this process while no
/// server runs. A server that is just starting or ending, and other commands that have the store open, are waited for.
class StoreAccess {
 public:
  /// `console` must outlive it: warnings of the store go there. What is wrong is printed.
  static Outcome<StoreAccess> open(const config::Config& config, const Console& console);

  maildrop::Store& operator*() const { return *store_; }
  maildrop::Store* operator->() const { return store_.get(); }
  maildrop::CheckpointSource& checkpoints() const { return *checkpoints_; }

 private:
  template <class AnyStore>
  StoreAccess(std::optional<StoreTurn> turn, std::unique_ptr<Clock> clock, std::unique_ptr<AnyStore> store)
      : turn_(std::move(turn)), clock_(std::move(clock)), checkpoints_(store.get()), store_(std::move(store)) {}

  std::optional<StoreTurn> turn_;  ///< Kept while the store is open in this process; none when a server has it.
  std::unique_ptr<Clock> clock_;   ///< Before store_, which uses it.
  maildrop::CheckpointSource* checkpoints_;  ///< The same object as store_.
  std::unique_ptr<maildrop::Store> store_;
};

/// The store itself, in this process.
rocks::RocksMaildrop::Opened open_folder(const config::Config& config, const Clock& clock, rocks::Log log);

/// Prints why something could not be done in the store, and what that means to the caller: "WHAT: WHY".
ExitCode complain_of_store(const Console& console, const std::string& what, const error_code& error);

}  // namespace fermo::commands
