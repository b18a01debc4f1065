#include "fetcher/ledger_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace fermo::fetcher {
namespace {

using fetch::Error;

constexpr std::int64_t application_id = 0x4665726d;  // "Ferm"
constexpr std::int64_t schema_version = 1;
constexpr std::int64_t given_up_version = 2;

constexpr const char* schema = R"(
CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  first_run_done INTEGER NOT NULL DEFAULT 0,
  stat_messages INTEGER, stat_octets INTEGER,
  highest_position INTEGER NOT NULL DEFAULT 0,
  last_full_listing INTEGER, last_login INTEGER,
  pipelining INTEGER NOT NULL DEFAULT 0,
  unique_ids INTEGER NOT NULL DEFAULT 0,
  capabilities TEXT NOT NULL DEFAULT '',
  target_mark TEXT NOT NULL DEFAULT '',
  deliveries_open INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE message (
  account INTEGER NOT NULL,
  key TEXT NOT NULL,
  octets INTEGER,
  first_seen INTEGER NOT NULL,
  standing TEXT NOT NULL,
  delivered INTEGER,
  delivery_name TEXT NOT NULL,
  identity TEXT, identity_strong INTEGER NOT NULL,
  deletion_asked INTEGER, gone INTEGER, missing_since INTEGER,
  generation INTEGER NOT NULL,
  position INTEGER NOT NULL,
  whole_wanted INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1181053549;
PRAGMA user_version = 1;
)";
static_assert(application_id == 1181053549 && schema_version == 1, "as the schema says");

/// No octets: all that follow. It is a file of its own, since closing one of SQLite's drops the locks that the process
/// has on it.
struct flock range_of(short type, std::int64_t from, std::int64_t octets) {
  struct flock range{};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = from;
  range.l_len = octets;
  return range;
}

Result<void> lock_range(const Descriptor& file, std::int64_t from, std::int64_t octets, bool wait) {
  struct flock range = range_of(F_WRLCK, from, octets);
  while (::fcntl(file.get(), wait ? F_OFD_SETLKW : F_OFD_SETLK, &range) != 0) {
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EACCES ? Error::in_use : Error::unavailable;
  }
  return {};
}

Result<void> sync(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return fetch::from_errno(errno);
  return {};
}

/// Write-ahead mode is part of the file. Where it is not possible, SQLite stays with the rollback journal, which is as
/// safe.
Result<void> fill(const std::filesystem::path& path, std::string_view account) {
  auto database = Database::open(path, false);
  if (!database) return database.error();
  if (auto made = database->execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY"); !made) return made;
  if (auto made = database->execute(schema); !made) return made;
  if (auto added = add_account(*database, account); !added) return added;
  if (auto mode = database->text("PRAGMA journal_mode = WAL"); !mode) return mode.error();
  return {};
}

/// None is as good as an empty one, which a version before this could leave when it was killed.
Result<off_t> octets_of(const std::filesystem::path& path) {
  struct stat there{};
  if (::stat(path.c_str(), &there) == 0) return there.st_size;
  if (errno == ENOENT) return off_t{0};
  return fetch::from_errno(errno);
}

/// Of a database of ours.
Result<std::int64_t> version_of(Database& database) {
  const auto id = database.integer("PRAGMA application_id");
  if (!id) return id.error();
  if (*id != application_id) return Error::not_ours;
  return database.integer("PRAGMA user_version");
}

Result<void> check_version(Database& database) {
  const auto version = version_of(database);
  if (!version) return version.error();
  if (*version == schema_version) return {};
  return *version > schema_version ? Error::newer_version : Error::corrupt;
}

}  // namespace

Result<LedgerLock> LedgerLock::open(const std::filesystem::path& database) {
  Descriptor file(::open((database.native() + "-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return errno == ENOENT ? Error::misused : fetch::from_errno(errno);
  return LedgerLock(std::move(file));
}

Result<void> LedgerLock::begin_making() {
  return lock_range(file_, 0, 1, true);
}

void LedgerLock::end_making() {
  struct flock range = range_of(F_UNLCK, 0, 1);
  static_cast<void>(::fcntl(file_.get(), F_OFD_SETLK, &range));
}

Result<void> LedgerLock::hold_account(std::int64_t number) {
  return lock_range(file_, number, 1, false);
}

Result<void> LedgerLock::hold_all_accounts() {
  return lock_range(file_, 1, 0, false);
}

/// A file that is there under its name is whole: it is made under another, and synced once instead of at each step.
/// The folder is not synced: SQLite does so whenever a connection syncs its first commit.
Result<void> make_database(const std::filesystem::path& path, std::string_view account) {
  const auto octets = octets_of(path);
  if (!octets) return octets.error();
  if (*octets > 0) return {};
  const std::filesystem::path made = path.native() + "-new";
  ::unlink(made.c_str());
  const Descriptor file(::open(made.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return errno == ENOENT ? Error::misused : fetch::from_errno(errno);
  if (auto filled = fill(made, account); !filled) return filled;
  if (auto synced = sync(made); !synced) return synced;
  if (::rename(made.c_str(), path.c_str()) != 0) return fetch::from_errno(errno);
  return {};
}

/// EXTRA: where write-ahead mode is not possible, the rollback journal must not come back after a power cut, and take
/// away what was recorded. The folder is synced when it goes.
Result<Database> open_database(const std::filesystem::path& path, bool read_only) {
  auto database = Database::open(path, read_only);
  if (!database) return database;
  if (auto checked = check_version(*database); !checked) return checked.error();
  auto set = database->execute("PRAGMA synchronous = EXTRA; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
  if (!set) return set.error();
  return database;
}

Result<void> add_account(Database& database, std::string_view name) {
  auto insert = database.prepare("INSERT INTO account (name) VALUES (?) ON CONFLICT DO NOTHING");
  if (!insert) return insert.error();
  return insert->bind(name).run();
}

Result<std::optional<std::int64_t>> find_account(Database& database, std::string_view name) {
  auto select = database.prepare("SELECT id FROM account WHERE name = ?");
  if (!select) return select.error();
  const auto row = select->bind(name).step();
  if (!row) return row.error();
  return *row ? std::optional(select->integer(0)) : std::nullopt;
}

Result<FileKind> kind_of(const std::filesystem::path& path) {
  const auto octets = octets_of(path);
  if (!octets) return octets.error();
  if (*octets == 0) return FileKind::nothing;
  auto database = Database::open(path, false);  // to look only would not take back what a process left undone
  if (!database) return database.error();
  const auto version = version_of(*database);
  if (!version) return version.error();
  if (*version > given_up_version) return Error::newer_version;
  if (*version < schema_version) return Error::corrupt;
  return *version == schema_version ? FileKind::ledger : FileKind::given_up;
}

Result<void> give_up_database(const std::filesystem::path& path) {
  auto database = open_database(path, false);
  if (!database) return database.error();
  static_assert(given_up_version == 2, "as the pragma says");
  return database->execute("PRAGMA user_version = 2");
}

}  // namespace fermo::fetcher
