#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fetcher/sqlite_ledger.h"

namespace fermo::fetcher {

/// The ledgers of a user in the folder of what is remembered. Each account has one in a folder of its own, so that a
/// process can be limited to it.
///
/// Earlier versions had one file for all accounts. As long as it was not taken over it is what holds, whatever stands
/// in the folders; from one instant on, at which take_over() gives it up, the folders hold.
/// docs/decisions/0010-processes.md says why.
class AccountLedgers {
 public:
  explicit AccountLedgers(std::filesystem::path state_folder) : state_(std::move(state_folder)) {}

  /// The account's own: readable, another one for each account even where upper and lower case are the same, and as
  /// long as file systems bear.
  std::filesystem::path folder(std::string_view account) const;

  /// To fetch. Makes the folder, but not the one of what is remembered. Errors: as SqliteLedger::open().
  Result<std::unique_ptr<SqliteLedger>> open(std::string_view account) const;

  /// Where it stands at this moment what is recorded of the account, for looking; there may be no such file. Errors: as
  /// SqliteLedger::open().
  Result<std::filesystem::path> place_of(std::string_view account) const;

  /// Every file in which anything is recorded, for SqliteLedger::accounts(); for an account that several know, the
  /// first holds. Errors: as SqliteLedger::open().
  Result<std::vector<std::filesystem::path>> files() const;

  /// The file for all accounts.
  std::filesystem::path earlier_file() const;
  /// Takes it over where there is one; to be called before open() by whoever hears no server. Killed at any instant, it
  /// leaves what holds whole, and the next call does it again. Any number of processes may call it. Errors: in_use (an
  /// account is being fetched by an earlier version), and as SqliteLedger::open().
  Result<void> take_over() const;

 private:
  Result<void> take_over_each() const;
  std::filesystem::path file(std::string_view account) const;
  std::filesystem::path state_;
};

}  // namespace fermo::fetcher
