#include "fermo/account_changes.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "auth/file_replacement.h"
#include "config/nearest.h"
#include "fermo/fetch_secret.h"
#include "fermo/table.h"
#include "fetch_accounts/account_file.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;
using fetch_accounts::Account;
using fetch_accounts::KeyChange;
using Kind = fetch_accounts::SecretSource::Kind;

Outcome<void> keep_in_file(const fs::path& path, const Secret& secret, const Console& console) {
  const auto complain = [&](const error_code& error) {
    console.complain("cannot write the password file " + path.string() + ": " + error.message());
    return ExitCode::cannot_create;
  };
  auto file = auth::FileReplacement::begin(path);
  if (!file) return complain(file.error());
  std::string text;
  text.reserve(secret.reveal().size() + 1);  // it must not move: what it leaves behind would not be wiped
  text.append(secret.reveal()).push_back('\n');
  const auto done = file->commit(text);
  wipe(text);
  if (!done) return complain(done.error());
  std::error_code error;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  return {};
}

}  // namespace

Outcome<std::vector<KeyChange>> read_assignments(const std::vector<std::string>& words, const Console& console) {
  std::vector<std::string_view> keys;
  const auto help = fetch_accounts::key_help();
  for (const auto& key : help) keys.push_back(key.name);
  std::vector<KeyChange> changes;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals);
    if (equals == std::string::npos) {
      console.complain(printable(word) + ": write KEY=VALUE, or KEY= to take the key away");
      return ExitCode::usage;
    }
    if (std::ranges::find(keys, key) == keys.end()) {
      const auto meant = config::nearest(key, keys);
      console.complain("there is no key " + printable(key) +
                       (meant ? "; did you mean " + std::string(*meant) + "?" : "; fermo-account(1) has all keys"));
      return ExitCode::usage;
    }
    const std::string value = word.substr(equals + 1);
    changes.push_back({key, value.empty() ? std::nullopt : std::optional(fetch_accounts::toml_value(key, value))});
  }
  return changes;
}

std::string absolute(const std::string& path) {
  if (path.empty() || path.starts_with("~/")) return path;
  return fs::absolute(path).lexically_normal().string();
}

std::string absolute_target(const std::string& target) {
  for (const std::string kind : {"maildir:", "mbox:"}) {
    if (target.starts_with(kind)) return kind + absolute(target.substr(kind.size()));
  }
  return target;
}

Outcome<void> keep_password_in(const Account& account, const Secret& secret, const Console& console) {
  if (account.secret.kind == Kind::file) return keep_in_file(account.secret.text, secret, console);
  return keep_in_keyring({account.server.host, account.user}, secret, console);
}

Outcome<void> ask_and_keep_password(const Account& account, const Console& console) {
  const bool keeps = account.secret.kind == Kind::keyring || account.secret.kind == Kind::file;
  if (!keeps) {
    console.complain(printable(account.name) +
                     " keeps no password here; password_keyring=true or password_file=FILE would");
    return ExitCode::usage;
  }
  const std::string what = account.token ? "Token of " : "Password of ";
  const auto secret = read_secret({}, what + printable(account.user) + ": ", console);
  if (!secret) return secret.error();
  return keep_password_in(account, *secret, console);
}

}  // namespace fermo::commands
