#include "fetcher/sqlite_ledger.h"

#include <algorithm>
#include <map>
#include <utility>

#include "fetcher/ledger_file.h"
#include "fetcher/sqlite_database.h"

namespace fermo::fetcher {
namespace {

using fetch::Error;
using fetch::Record;

/// Changes that are brought into memory together, with their records: 0.5 MB.
constexpr std::size_t changes_at_once_max = 1024;

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

}  // namespace

class SqliteLedger::Implementation {
 public:
  Implementation(LedgerLock lock, Database database) : lock_(std::move(lock)), database_(std::move(database)) {}

  Result<void> take_account(std::string_view name, Access access);
  Result<void> prepare();
  Result<std::vector<Record>> load();
  Result<std::optional<Record>> find(std::string_view key);
  Result<void> apply(const fetch::NextChange& next, const fetch::AccountState* state);
  Result<fetch::AccountState> state();
  Result<void> take_over(const std::filesystem::path& from, std::string_view name);

 private:
  struct Statements {
    Statement load, find, put, remove, state, set_state;
  };

  Result<void> write(const fetch::NextChange& next);
  Result<void> write_some(std::span<const fetch::Change> changes);
  Result<void> put(const Record& record);
  Result<void> put(const fetch::AccountState& state);
  Result<void> replace_by(const std::string& name);

  LedgerLock lock_;
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
  return access == Access::exclusive ? lock_.hold_account(account_) : Result<void>{};
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

Result<void> SqliteLedger::Implementation::take_over(const std::filesystem::path& from, std::string_view name) {
  auto attach = database_.prepare("ATTACH ? AS earlier");
  if (!attach) return attach.error();
  if (auto attached = attach->bind(from.native()).run(); !attached) return attached;
  auto replaced = replace_by(std::string(name));
  static_cast<void>(database_.execute("DETACH earlier"));
  return replaced;
}

Result<void> SqliteLedger::Implementation::replace_by(const std::string& name) {
  const std::string columns(record_columns);
  const std::string states(state_columns);
  auto clear = database_.prepare("DELETE FROM main.message WHERE account = ?");
  auto records = database_.prepare("INSERT INTO main.message (account, " + columns + ") SELECT ?, " + columns +
                                   " FROM earlier.message WHERE account ="
                                   " (SELECT id FROM earlier.account WHERE name = ?)");
  auto state = database_.prepare("UPDATE main.account SET (" + states + ") = (SELECT " + states +
                                 " FROM earlier.account WHERE name = ?) WHERE id = ?");
  for (const auto* one : {&clear, &records, &state}) {
    if (!*one) return one->error();
  }
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  for (Statement* one : {&clear->bind(account_), &records->bind(account_, name), &state->bind(name, account_)}) {
    if (auto done = one->run(); !done) return done;
  }
  return transaction->commit();
}

SqliteLedger::SqliteLedger(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
SqliteLedger::~SqliteLedger() = default;

Result<std::unique_ptr<SqliteLedger>> SqliteLedger::open(const std::filesystem::path& path, std::string_view account,
                                                         Access access) {
  const bool read_only = access == Access::read_only;
  auto lock = read_only ? Result<LedgerLock>(LedgerLock()) : LedgerLock::open(path);
  if (!lock) return lock.error();
  if (!read_only) {
    if (auto locked = lock->begin_making(); !locked) return locked.error();
    if (auto made = make_database(path, account); !made) return made.error();
  }
  auto database = open_database(path, read_only);
  if (!database) return database.error();
  if (!read_only) lock->end_making();
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
Result<void> SqliteLedger::take_over(const std::filesystem::path& from, std::string_view account) {
  return implementation_->take_over(from, account);
}
Result<void> SqliteLedger::apply_each(const fetch::NextChange& next, const fetch::AccountState* state) {
  return implementation_->apply(next, state);
}

}  // namespace fermo::fetcher
