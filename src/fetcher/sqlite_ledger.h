#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/ledger.h"

namespace fermo::fetcher {

enum class Access {
  /// For fetching: one process at a time may hold an account.
  exclusive,
  /// For looking (`fermo fetch explain`) while another process may be fetching. apply_each() fails.
  read_only,
};

/// A ledger in an SQLite database, in write-ahead mode with every commit synced (in rollback mode where the file system
/// has no shared memory). It may hold several accounts, as those of earlier versions do (fetcher/account_ledgers.h).
/// Each call takes a bounded number of statements by primary key.
class SqliteLedger final : public fetch::Ledger {
 public:
  /// Opens the database at `path`, making it (mode 0600) and the account's row when there are none, and holds the
  /// account until this object is destroyed. `account` is any text of the caller's choice that stays the same. Errors:
  /// in_use (the account is held), not_ours, newer_version, corrupt, out_of_space, misused (no such folder),
  /// unavailable.
  static Result<std::unique_ptr<SqliteLedger>> open(const std::filesystem::path& path, std::string_view account,
                                                    Access access = Access::exclusive);
  ~SqliteLedger() override;

  /// The names of all accounts that the database at `path` knows, sorted. Errors: as open().
  static Result<std::vector<std::string>> accounts(const std::filesystem::path& path);

  Result<std::vector<fetch::Record>> load() override;
  Result<std::optional<fetch::Record>> find(std::string_view key) override;
  Result<fetch::AccountState> state() override;
  Result<void> apply_each(const fetch::NextChange& next, const fetch::AccountState* state) override;

  /// Puts all that the ledger at `from` has recorded of `account` in the place of what is recorded here, or leaves it
  /// as it is. Durable when it returns. Errors: unavailable, out_of_space, corrupt.
  Result<void> take_over(const std::filesystem::path& from, std::string_view account);

 private:
  class Implementation;
  explicit SqliteLedger(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace fermo::fetcher
