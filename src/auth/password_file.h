#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/file_identity.h"
#include "base/result.h"

namespace fermo::auth {

struct PasswordLine;

/// One user of a password file.
struct PasswordEntry {
  std::string_view name;  ///< Canonical (account::canonical_name), whatever the case in the file.
  std::string_view hash;  ///< `{SCHEME}hash`; what begins with "!" or "*", or is empty, lets nobody in.
  std::uint32_t line;     ///< Counts from 1.
};

/// What is wrong with one line, and what to do about it.
struct LineProblem {
  std::uint32_t line;  ///< 0: about the file as a whole.
  std::string message;
};

/// What a password file held at one moment. Never changes, so that any number of threads may read it.
///
/// Lines are `name:{SCHEME}hash`; what follows a second ":" (Dovecot's uid, home and extra fields) is kept and not
/// used. Blank lines and lines that begin with "#" are comments. A line that is wrong is reported and costs only
/// itself; a user whose hash cannot be used stays a user, since mail must not be refused for it. Of two lines with one
/// name the first counts.
class PasswordTable {
 public:
  /// Reads the text of a password file. Any octets will do.
  PasswordTable(std::string text, std::uint64_t generation);
  PasswordTable(const PasswordTable&) = delete;
  PasswordTable& operator=(const PasswordTable&) = delete;

  /// The user of that canonical name, or null. Its views live as long as this table.
  const PasswordEntry* find(std::string_view canonical) const;
  /// All users in the order of lines, duplicates left out.
  std::span<const PasswordEntry> entries() const { return entries_; }
  std::span<const LineProblem> problems() const { return problems_; }
  /// Grows with each change of the file that PasswordFile has seen.
  std::uint64_t generation() const { return generation_; }
  /// Whether both were read from the same text, but for the case of names.
  bool says_the_same_as(const PasswordTable& other) const { return text_ == other.text_; }

 private:
  void add_entry(std::size_t begin, std::uint32_t number, const PasswordLine& user);

  std::string text_;  ///< With the names in lower case; the entries point into it.
  std::vector<PasswordEntry> entries_;
  /// Where in entries_ a name is. What goes in comes from the operator's file: a client cannot make names collide.
  std::unordered_map<std::string_view, std::size_t> positions_;
  std::vector<LineProblem> problems_;
  std::uint64_t generation_;
};

/// The password file: read by the server at every login, changed by `fermo user` and by hand. Thread-safe; blocking.
class PasswordFile {
 public:
  /// Told about each wrong line whenever the file has been read anew: once for each change, not once for each login.
  /// Called on the thread that called load().
  using Report = std::function<void(const LineProblem&)>;

  explicit PasswordFile(std::filesystem::path path, Report report = {});

  const std::filesystem::path& path() const { return path_; }

  /// What the file holds now. Costs one stat(2) when it has not changed since the last call.
  /// Errors: missing, no_permission, not_a_file, too_large, input_output.
  Result<std::shared_ptr<const PasswordTable>> load();

  /// How often load() has read the file.
  std::uint64_t readings() const { return readings_.load(); }

  /// The changes below are durable when they return, replace the file in one step (a reader, and a crash, sees the old
  /// one or the new one), wait for another writer to finish, and keep every other line octet for octet, with the mode
  /// and owner of the file. A symbolic link is followed and stays. `name` need not be canonical. `hash` comes from
  /// hash_password() or from elsewhere.

  /// Makes the file, mode 0600, when there is none. Errors: user_exists, invalid_name, unusable_hash, and those of
  /// files.
  Result<void> add(std::string_view name, std::string_view hash);
  /// Errors: no_such_user (also when there is no file), and those of files.
  Result<void> remove(std::string_view name);
  /// Keeps the further fields of the line. Errors: no_such_user, unusable_hash, and those of files.
  Result<void> set_password(std::string_view name, std::string_view hash);

 private:
  struct Reading {
    std::shared_ptr<const PasswordTable> table;
    bool is_new = false;  ///< The file says something else than at the last reading.
    bool readable_by_everybody = false;
  };
  Result<Reading> read_when_changed();
  Result<Reading> read();
  void report(const Reading& reading) const;
  Result<void> change(const std::function<Result<void>(std::string& text)>& edit) const;

  const std::filesystem::path path_;
  const Report report_;
  std::mutex mutex_;
  std::shared_ptr<const PasswordTable> table_;
  FileIdentity identity_;
  bool settled_ = false;
  std::atomic<std::uint64_t> readings_{0};
};

}  // namespace fermo::auth
