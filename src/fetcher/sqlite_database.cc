#include "fetcher/sqlite_database.h"

#include <sqlite3.h>

#include <chrono>

#include "base/check.h"
#include "base/limits.h"

namespace fermo::fetcher {

fetch::Error from_sqlite(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return fetch::Error::out_of_space;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fetch::Error::in_use;
    case SQLITE_NOTADB:
      return fetch::Error::not_ours;
    case SQLITE_CORRUPT:
      return fetch::Error::corrupt;
    default:
      return fetch::Error::unavailable;
  }
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  sqlite3_reset(statement_.get());
  if (code == SQLITE_DONE) return false;
  return from_sqlite(code);
}

Result<void> Statement::run() {
  auto stepped = step();
  reset();
  if (!stepped) return stepped.error();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int octets = sqlite3_column_bytes(statement_.get(), column);
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(octets));
}

std::optional<std::string> Statement::optional_text(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return text(column);
}

void Statement::bind_one(int index, std::int64_t number) {
  FERMO_CHECK(sqlite3_bind_int64(statement_.get(), index, number) == SQLITE_OK);
}

void Statement::bind_one(int index, std::optional<std::int64_t> number) {
  const int code =
      number ? sqlite3_bind_int64(statement_.get(), index, *number) : sqlite3_bind_null(statement_.get(), index);
  FERMO_CHECK(code == SQLITE_OK);
}

void Statement::bind_one(int index, std::string_view text) {
  const char* octets = text.data() == nullptr ? "" : text.data();
  FERMO_CHECK(sqlite3_bind_text64(statement_.get(), index, octets, text.size(), SQLITE_STATIC, SQLITE_UTF8) ==
              SQLITE_OK);
}

void Statement::bind_one(int index, const std::optional<std::string_view>& text) {
  if (text) {
    bind_one(index, *text);
  } else {
    FERMO_CHECK(sqlite3_bind_null(statement_.get(), index) == SQLITE_OK);
  }
}

void Database::Close::operator()(sqlite3* database) const noexcept {
  sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::filesystem::path& path, bool read_only) {
  sqlite3* handle = nullptr;
  const int flags =
      (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database(handle);
  if (code != SQLITE_OK) return from_sqlite(code);
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(limits::ledger_busy_time_max);
  sqlite3_busy_timeout(handle, static_cast<int>(wait.count()));
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  Statement prepared(statement);
  if (code != SQLITE_OK) return from_sqlite(code);
  return prepared;
}

Result<void> Database::execute(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return from_sqlite(code);
  return {};
}

Result<std::int64_t> Database::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  auto row = statement->step();
  if (!row) return row.error();
  if (!*row) return fetch::Error::corrupt;
  return statement->integer(0);
}

Result<std::string> Database::text(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  auto row = statement->step();
  if (!row) return row.error();
  return *row ? statement->text(0) : std::string();
}

Result<Transaction> Transaction::begin(Database& database) {
  auto begun = database.execute("BEGIN IMMEDIATE");
  if (!begun) return begun.error();
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) static_cast<void>(database_->execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
  auto committed = database_->execute("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace fermo::fetcher
