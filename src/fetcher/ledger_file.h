#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/descriptor.h"
#include "fetcher/sqlite_database.h"

/// The database of a ledger, and the file beside it by which accounts are held. Internal to the module. Errors are
/// those of SqliteLedger::open().
namespace fermo::fetcher {

/// Of the tables `message` and `account`, but for what says whose they are.
inline constexpr std::string_view record_columns =
    "key, octets, first_seen, standing, delivered, delivery_name, identity, identity_strong, deletion_asked, gone, "
    "missing_since, generation, position, whole_wanted, reason";
inline constexpr std::string_view state_columns =
    "first_run_done, stat_messages, stat_octets, highest_position, last_full_listing, last_login, pipelining, "
    "unique_ids, capabilities, target_mark, deliveries_open";

/// The file of locks. What it holds is held until it is closed.
class LedgerLock {
 public:
  /// Nothing is locked by an empty one.
  LedgerLock() = default;
  static Result<LedgerLock> open(const std::filesystem::path& database);

  /// One process at a time makes the file and its tables. Waits for the others.
  Result<void> begin_making();
  void end_making();
  /// By its number in the database, which is not 0. Errors: in_use.
  Result<void> hold_account(std::int64_t number);
  /// Every account that there is or will be.
  Result<void> hold_all_accounts();

 private:
  explicit LedgerLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

/// Makes the file with its tables and this account when it is not there. Its name is durable with the first commit.
Result<void> make_database(const std::filesystem::path& path, std::string_view account);
/// One of this form.
Result<Database> open_database(const std::filesystem::path& path, bool read_only);

Result<void> add_account(Database& database, std::string_view name);
/// Nothing when there is none of that name.
Result<std::optional<std::int64_t>> find_account(Database& database, std::string_view name);

enum class FileKind { nothing, ledger, given_up };
/// Of a file that may hold records of this form.
Result<FileKind> kind_of(const std::filesystem::path& path);
/// From now on it is taken by every version for that of a newer one. Durable when it returns.
Result<void> give_up_database(const std::filesystem::path& path);

}  // namespace fermo::fetcher
