#include "fetcher/account_ledgers.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/limits.h"
#include "fetch/sha256.h"
#include "fetcher/file_ops.h"
#include "fetcher/ledger_file.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view folder_prefix = "account-";
constexpr const char* file_name = "ledger.db";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("@.:-_+=").find(c) != std::string::npos;
}

/// Like a URL: %XX in the place of what might be taken for something else, capital letters among it.
std::string escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string plain;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    plain += is_plain(c) ? std::string(1, c) : std::string{'%', digits[octet >> 4U], digits[octet & 15U]};
  }
  return plain;
}

/// What follows "%-" is no escape, so that a name which was cut is like none that was not.
std::string folder_name(std::string_view account) {
  constexpr std::size_t digits = 40;
  std::string name = std::string(folder_prefix) + escaped(account);
  if (name.size() <= limits::ledger_folder_octets_max) return name;
  fetch::Sha256 hash;
  hash.update(account);
  name.resize(limits::ledger_folder_octets_max - digits - 2);
  return name + "%-" + hash.hexadecimal(digits);
}

}  // namespace

fs::path AccountLedgers::folder(std::string_view account) const {
  return state_ / folder_name(account);
}

fs::path AccountLedgers::file(std::string_view account) const {
  return folder(account) / file_name;
}

fs::path AccountLedgers::earlier_file() const {
  return state_ / "fetch.db";
}

Result<std::unique_ptr<SqliteLedger>> AccountLedgers::open(std::string_view account) const {
  FileOps& ops = system_file_ops();
  if (auto made = ops.make_folder(folder(account)); !made) return made.error();
  // Even when it was there: whoever made it may have been killed before this.
  if (auto synced = ops.sync_folder(state_.empty() ? "." : state_); !synced) return synced.error();
  return SqliteLedger::open(file(account), account);
}

Result<fs::path> AccountLedgers::place_of(std::string_view account) const {
  const auto earlier = kind_of(earlier_file());
  if (!earlier) return earlier.error();
  if (*earlier != FileKind::ledger) return file(account);
  const auto known = SqliteLedger::accounts(earlier_file());
  if (!known) return known.error();
  return std::ranges::find(*known, account) == known->end() ? file(account) : earlier_file();
}

Result<std::vector<fs::path>> AccountLedgers::files() const {
  const auto earlier = kind_of(earlier_file());
  if (!earlier) return earlier.error();
  std::vector<fs::path> files;
  if (*earlier == FileKind::ledger) files.push_back(earlier_file());
  std::error_code failed;
  std::error_code unknown;
  for (fs::directory_iterator at(state_, failed), end; !failed && at != end; at.increment(failed)) {
    const fs::path file = at->path() / file_name;
    if (at->path().filename().native().starts_with(folder_prefix) && fs::exists(file, unknown)) files.push_back(file);
  }
  if (failed && failed != std::errc::no_such_file_or_directory) return fetch::from_errno(failed.value());
  return files;
}

Result<void> AccountLedgers::take_over() const {
  const auto earlier = kind_of(earlier_file());
  if (!earlier) return earlier.error();
  if (*earlier != FileKind::ledger) return {};
  auto lock = LedgerLock::open(earlier_file());
  if (!lock) return lock.error();
  if (auto locked = lock->begin_making(); !locked) return locked;
  const auto meanwhile = kind_of(earlier_file());
  if (!meanwhile) return meanwhile.error();
  if (*meanwhile != FileKind::ledger) return {};
  if (auto held = lock->hold_all_accounts(); !held) return held;
  if (auto taken = take_over_each(); !taken) return taken;
  return give_up_database(earlier_file());
}

Result<void> AccountLedgers::take_over_each() const {
  const auto accounts = SqliteLedger::accounts(earlier_file());
  if (!accounts) return accounts.error();
  for (const std::string& account : *accounts) {
    auto ledger = open(account);
    if (!ledger) return ledger.error();
    if (auto taken = (*ledger)->take_over(earlier_file(), account); !taken) return taken;
  }
  return {};
}

}  // namespace fermo::fetcher
