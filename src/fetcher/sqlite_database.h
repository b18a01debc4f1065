#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fetch/error.h"

struct sqlite3;
struct sqlite3_stmt;

/// The little of SQLite that the ledger needs. Internal to the module. Not thread-safe.
namespace fermo::fetcher {

/// What one of SQLite's result codes means to the ledger.
fetch::Error from_sqlite(int code) noexcept;

/// A prepared statement that is used again and again.
class Statement {
 public:
  /// Binds the arguments from 1 on, in their order.
  template <class... Arguments>
  Statement& bind(const Arguments&... arguments) {
    reset();
    int index = 0;
    (bind_one(++index, arguments), ...);
    return *this;
  }
  /// True when there is a row, false at the end.
  Result<bool> step();
  /// For a statement that gives no rows.
  Result<void> run();
  void reset();

  std::int64_t integer(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;
  std::string text(int column) const;
  std::optional<std::string> optional_text(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  void bind_one(int index, std::int64_t number);
  void bind_one(int index, std::optional<std::int64_t> number);
  /// The text must live until the statement is reset or bound again.
  void bind_one(int index, std::string_view text);
  void bind_one(int index, const std::string& text) { bind_one(index, std::string_view(text)); }
  void bind_one(int index, const std::optional<std::string_view>& text);

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  static Result<Database> open(const std::filesystem::path& path, bool read_only);

  Result<Statement> prepare(std::string_view sql);
  /// One or more statements without arguments or rows.
  Result<void> execute(const char* sql);
  Result<std::int64_t> integer(std::string_view sql);
  Result<std::string> text(std::string_view sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };
  explicit Database(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

/// BEGIN IMMEDIATE, then COMMIT or, when destroyed before that, ROLLBACK.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  /// Durable on success.
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace fermo::fetcher
