#include "fetcher/sqlite_ledger.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "base/descriptor.h"
#include "fetcher/sqlite_database.h"

namespace fermo::fetcher {
namespace {

using fetch::Error;
using fetch::Record;

constexpr std::int64_t application_id = 0x4665726d;  // "Ferm"
constexpr std::int64_t schema_version = 1;

/// Changes that are brought into memory together, with their records: 0.5 MB.
constexpr std::size_t changes_at_once_max = 1024;

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

constexpr std::string_view record_columns =
    "key, octets, first_seen, standing, delivered, delivery_name, identity, identity_strong, deletion_asked, gone, "
    "missing_since, generation, position, whole_wanted, reason";
constexpr std::string_view state_columns =
    "first_run_done, stat_messages, stat_octets, highest_position, last_full_listing, last_login, pipelining, "
    "unique_ids, "
    "capabilities, target_mark, deliveries_open";

std::int64_t stored(Timestamp time) {
  return time.time_since_epoch().count();
}
std::optional<std::int64_t> stored(const std::optional<Timestamp>& time) {
  return time ? std::optional(stored(*time)) : std::nullopt;
}
std::int64_t stored(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}
std::int64_t stored(bool flag) {
  return flag ? 1 : 0;
}

Timestamp time_of(std::int64_t microseconds) {
  return Timestamp(std::chrono::microseconds(microseconds));
}
std::optional<Timestamp> time_of(const std::optional<std::int64_t>& microseconds) {
  return microseconds ? std::optional(time_of(*microseconds)) : std::nullopt;
}
std::uint64_t count_of(std::int64_t number) {
  return static_cast<std::uint64_t>(number);
}

Result<Record> record_of(const Statement& row) {
  const auto standing = fetch::standing_of(row.text(3));
  if (!standing) return Error::corrupt;
  Record record;
  record.key = row.text(0);
  if (const auto octets = row.optional_integer(1)) record.octets = Octets{count_of(*octets)};
  record.first_seen = time_of(row.integer(2));
  record.standing = *standing;
  record.delivered = time_of(row.optional_integer(4));
  record.delivery_name = row.text(5);
  if (auto digest = row.optional_text(6))
    record.identity = fetch::HeadIdentity{std::move(*digest), row.integer(7) != 0};
  record.deletion_asked = time_of(row.optional_integer(8));
  record.gone = time_of(row.optional_integer(9));
  record.missing_since = time_of(row.optional_integer(10));
  record.generation = static_cast<std::uint32_t>(row.integer(11));
  record.position = count_of(row.integer(12));
  record.whole_wanted = row.integer(13) != 0;
  record.reason = fetch::reason_of(row.text(14));
  return record;
}

Result<fetch::AccountState> state_of(const Statement& row) {
  fetch::AccountState state;
  state.first_run_done = row.integer(0) != 0;
  if (const auto messages = row.optional_integer(1)) {
    state.stat = mail::DropListing{count_of(*messages), Octets{count_of(row.integer(2))}};
  }
  state.highest_position = count_of(row.integer(3));
  state.last_full_listing = time_of(row.optional_integer(4));
  state.last_login = time_of(row.optional_integer(5));
  const std::int64_t pipelining = row.integer(6);
  const std::int64_t unique_ids = row.integer(7);
  if (pipelining < 0 || pipelining > 2 || unique_ids < 0 || unique_ids > 2) return Error::corrupt;
  state.pipelining = static_cast<fetch::Pipelining>(pipelining);
  state.unique_ids = static_cast<fetch::UniqueIds>(unique_ids);
  state.capabilities = row.text(8);
  state.target_mark = row.text(9);
  state.deliveries_open = row.integer(10) != 0;
  return state;
}

/// Holds octet `at` of the lock file until the descriptor is closed. Nothing of SQLite's own files may be opened and
/// closed beside it: closing one drops the locks that the process has on it.
Result<void> lock_octet(int descriptor, std::int64_t at, bool wait) {
  struct flock range{};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = at;
  range.l_len = 1;
  while (::fcntl(descriptor, wait ? F_OFD_SETLKW : F_OFD_SETLK, &range) != 0) {
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EACCES ? Error::in_use : Error::unavailable;
  }
  return {};
}

void unlock_octet(int descriptor, std::int64_t at) {
  struct flock range{};
  range.l_type = F_UNLCK;
  range.l_whence = SEEK_SET;
  range.l_start = at;
  range.l_len = 1;
  static_cast<void>(::fcntl(descriptor, F_OFD_SETLK, &range));
}

Result<Descriptor> open_lock_file(const std::filesystem::path& database) {
  Descriptor lock(::open((database.native() + "-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return errno == ENOENT ? Error::misused : fetch::from_errno(errno);
  return lock;
}

Result<void> sync(const std::filesystem::path& path, int flags) {
  const Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return fetch::from_errno(errno);
  return {};
}

Result<void> check_version(Database& database) {
  const auto id = database.integer("PRAGMA application_id");
  if (!id) return id.error();
  if (*id != application_id) return Error::not_ours;
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return version.error();
  if (*version == schema_version) return {};
  return *version > schema_version ? Error::newer_version : Error::corrupt;
}

Result<Database> open_database(const std::filesystem::path& path, bool read_only) {
  auto database = Database::open(path, read_only);
  if (!database) return database;
  if (auto checked = check_version(*database); !checked) return checked.error();
  auto set = database->execute("PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
  if (!set) return set.error();
  return database;
}

Result<void> add_account(Database& database, std::string_view name) {
  auto insert = database.prepare("INSERT INTO account (name) VALUES (?) ON CONFLICT DO NOTHING");
  if (!insert) return insert.error();
  return insert->bind(name).run();
}

/// Nothing when there is none of that name.
Result<std::optional<std::int64_t>> find_account(Database& database, std::string_view name) {
  auto select = database.prepare("SELECT id FROM account WHERE name = ?");
  if (!select) return select.error();
  const auto row = select->bind(name).step();
  if (!row) return row.error();
  return *row ? std::optional(select->integer(0)) : std::nullopt;
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

/// A file that is there under its name is whole: it is made under another, and synced once instead of at each step.
Result<void> make_file(const std::filesystem::path& path, std::string_view account) {
  const std::filesystem::path made = path.native() + "-new";
  ::unlink(made.c_str());
  const Descriptor file(::open(made.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return errno == ENOENT ? Error::misused : fetch::from_errno(errno);
  if (auto filled = fill(made, account); !filled) return filled;
  if (auto synced = sync(made, O_RDONLY); !synced) return synced;
  if (::rename(made.c_str(), path.c_str()) != 0) return fetch::from_errno(errno);
  return {};
}

Result<void> make_database(const std::filesystem::path& path, std::string_view account) {
  struct stat there{};
  if (::stat(path.c_str(), &there) != 0 || there.st_size == 0) {
    if (auto made = make_file(path, account); !made) return made;
  }
  // Even when it was there: whoever made it, or SQLite's log beside it, may have been killed before this, and SQLite
  // syncs the folder for its own new files only.
  return sync(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."), O_RDONLY | O_DIRECTORY);
}

}  // namespace

class SqliteLedger::Implementation {
 public:
  Implementation(Descriptor lock, Database database) : lock_(std::move(lock)), database_(std::move(database)) {}

  Result<void> take_account(std::string_view name, Access access);
  Result<void> prepare();
  Result<std::vector<Record>> load();
  Result<std::optional<Record>> find(std::string_view key);
  Result<void> apply(const fetch::NextChange& next, const fetch::AccountState* state);
  Result<fetch::AccountState> state();

 private:
  struct Statements {
    Statement load, find, put, remove, state, set_state;
  };

  Result<void> write(const fetch::NextChange& next);
  Result<void> write_some(std::span<const fetch::Change> changes);
  Result<void> put(const Record& record);
  Result<void> put(const fetch::AccountState& state);

  Descriptor lock_;
  Database database_;
  std::int64_t account_ = 0;
  std::unique_ptr<Statements> statements_;
};

/// Looks first: to add an account costs a sync.
Result<void> SqliteLedger::Implementation::take_account(std::string_view name, Access access) {
  auto found = find_account(database_, name);
  if (found && !*found && access == Access::exclusive) {
    if (auto added = add_account(database_, name); !added) return added;
    found = find_account(database_, name);
  }
  if (!found) return found.error();
  account_ = found->value_or(0);
  return access == Access::exclusive ? lock_octet(lock_.get(), account_, false) : Result<void>{};
}

Result<void> SqliteLedger::Implementation::prepare() {
  const std::string columns(record_columns);
  const std::string states(state_columns);
  auto load = database_.prepare("SELECT " + columns + " FROM message WHERE account = ? ORDER BY position, key");
  auto find = database_.prepare("SELECT " + columns + " FROM message WHERE account = ? AND key = ?");
  auto put = database_.prepare("INSERT OR REPLACE INTO message (account, " + columns +
                               ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  auto remove = database_.prepare("DELETE FROM message WHERE account = ? AND key = ?");
  auto state = database_.prepare("SELECT " + states + " FROM account WHERE id = ?");
  auto set_state =
      database_.prepare("UPDATE account SET (" + states + ") = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?");
  for (const auto* one : {&load, &find, &put, &remove, &state, &set_state}) {
    if (!*one) return one->error();
  }
  statements_ = std::make_unique<Statements>(Statements{std::move(*load), std::move(*find), std::move(*put),
                                                        std::move(*remove), std::move(*state), std::move(*set_state)});
  return {};
}

Result<std::vector<Record>> SqliteLedger::Implementation::load() {
  Statement& rows = statements_->load.bind(account_);
  std::vector<Record> all;
  while (true) {
    const auto row = rows.step();
    if (!row) return row.error();
    if (!*row) return all;
    auto record = record_of(rows);
    if (!record) {
      rows.reset();
      return record.error();
    }
    all.push_back(std::move(*record));
  }
}

Result<std::optional<Record>> SqliteLedger::Implementation::find(std::string_view key) {
  Statement& rows = statements_->find.bind(account_, key);
  const auto row = rows.step();
  if (!row) return row.error();
  if (!*row) return std::optional<Record>();
  auto record = record_of(rows);
  rows.reset();
  if (!record) return record.error();
  return std::optional<Record>(std::move(*record));
}

Result<void> SqliteLedger::Implementation::apply(const fetch::NextChange& next, const fetch::AccountState* state) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  if (auto written = write(next); !written) return written;
  if (state != nullptr) {
    if (auto written = put(*state); !written) return written;
  }
  return transaction->commit();
}

/// In parts, so that the plan for a large drop does not bring all of its records into memory.
Result<void> SqliteLedger::Implementation::write(const fetch::NextChange& next) {
  for (;;) {
    std::vector<fetch::Change> some;
    while (some.size() < changes_at_once_max) {
      auto change = next();
      if (!change) return write_some(some);
      some.push_back(std::move(*change));
    }
    if (auto written = write_some(some); !written) return written;
  }
}

Result<void> SqliteLedger::Implementation::write_some(std::span<const fetch::Change> changes) {
  std::map<std::string, std::optional<Record>> touched;
  for (const fetch::Change& change : changes) {
    const std::string& key = fetch::key_of(change);
    auto [at, fresh] = touched.try_emplace(key);
    if (fresh) {
      auto found = find(key);
      if (!found) return found.error();
      at->second = std::move(*found);
    }
    auto outcome = fetch::changed(std::move(at->second), change);
    if (!outcome) return outcome.error();
    at->second = std::move(*outcome);
  }
  for (const auto& [key, record] : touched) {
    auto written = record ? put(*record) : statements_->remove.bind(account_, key).run();
    if (!written) return written;
  }
  return {};
}

Result<void> SqliteLedger::Implementation::put(const Record& record) {
  const auto octets = record.octets ? std::optional(stored(record.octets->value)) : std::nullopt;
  const auto identity = record.identity ? std::optional<std::string_view>(record.identity->digest) : std::nullopt;
  return statements_->put
      .bind(account_, record.key, octets, stored(record.first_seen), fetch::code(record.standing),
            stored(record.delivered), record.delivery_name, identity,
            stored(record.identity && record.identity->strong), stored(record.deletion_asked), stored(record.gone),
            stored(record.missing_since), std::int64_t{record.generation}, stored(record.position),
            stored(record.whole_wanted), fetch::code(record.reason))
      .run();
}

Result<void> SqliteLedger::Implementation::put(const fetch::AccountState& state) {
  const auto messages = state.stat ? std::optional(stored(state.stat->messages)) : std::nullopt;
  const auto octets = state.stat ? std::optional(stored(state.stat->octets.value)) : std::nullopt;
  return statements_->set_state
      .bind(stored(state.first_run_done), messages, octets, stored(state.highest_position),
            stored(state.last_full_listing), stored(state.last_login), static_cast<std::int64_t>(state.pipelining),
            static_cast<std::int64_t>(state.unique_ids), state.capabilities, state.target_mark,
            stored(state.deliveries_open), account_)
      .run();
}

Result<fetch::AccountState> SqliteLedger::Implementation::state() {
  Statement& rows = statements_->state.bind(account_);
  const auto row = rows.step();
  if (!row) return row.error();
  if (!*row) return fetch::AccountState{};
  auto state = state_of(rows);
  rows.reset();
  return state;
}

SqliteLedger::SqliteLedger(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
SqliteLedger::~SqliteLedger() = default;

Result<std::unique_ptr<SqliteLedger>> SqliteLedger::open(const std::filesystem::path& path, std::string_view account,
                                                         Access access) {
  const bool read_only = access == Access::read_only;
  auto lock = read_only ? Result<Descriptor>(Descriptor()) : open_lock_file(path);
  if (!lock) return lock.error();
  if (!read_only) {
    // One process at a time makes the file and its tables.
    if (auto locked = lock_octet(lock->get(), 0, true); !locked) return locked.error();
    if (auto made = make_database(path, account); !made) return made.error();
  }
  auto database = open_database(path, read_only);
  if (!database) return database.error();
  if (!read_only) unlock_octet(lock->get(), 0);
  auto implementation = std::make_unique<Implementation>(std::move(*lock), std::move(*database));
  if (auto found = implementation->take_account(account, access); !found) return found.error();
  if (auto prepared = implementation->prepare(); !prepared) return prepared.error();
  return std::unique_ptr<SqliteLedger>(new SqliteLedger(std::move(implementation)));
}

Result<std::vector<std::string>> SqliteLedger::accounts(const std::filesystem::path& path) {
  auto database = open_database(path, true);
  if (!database) return database.error();
  auto names = database->prepare("SELECT name FROM account ORDER BY name");
  if (!names) return names.error();
  std::vector<std::string> all;
  for (;;) {
    const auto row = names->step();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back(names->text(0));
  }
}

Result<std::vector<Record>> SqliteLedger::load() {
  return implementation_->load();
}
Result<std::optional<Record>> SqliteLedger::find(std::string_view key) {
  return implementation_->find(key);
}
Result<fetch::AccountState> SqliteLedger::state() {
  return implementation_->state();
}
Result<void> SqliteLedger::apply_each(const fetch::NextChange& next, const fetch::AccountState* state) {
  return implementation_->apply(next, state);
}

}  // namespace fermo::fetcher
