#include "fermo/fetch_confinement.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "fermo/common_options.h"
#include "fermo/complaints.h"
#include "fermo/fetch_target.h"
#include "fetcher/account_ledgers.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;
using confine::Access;
using fetch_accounts::Account;

/// Where a domain name server is asked when an answer is too long for a datagram (RFC 7766).
constexpr std::uint16_t domain_port = 53;

/// What the C library, its resolver and OpenSSL read whenever they find it good. What is named within a folder that is
/// named too may be a link to anywhere.
constexpr std::array read_by_libraries = {"/etc",
                                          "/etc/hosts",
                                          "/etc/localtime",
                                          "/etc/nsswitch.conf",
                                          "/etc/resolv.conf",
                                          "/etc/ssl",
                                          "/etc/ssl/certs",
                                          "/usr",
                                          "/lib",
                                          "/lib64",
                                          "/run/systemd/resolve",
                                          "/run/resolvconf",
                                          "/run/NetworkManager",
                                          "/run/connman",
                                          "/run/nscd",
                                          "/var/lib/ca-certificates",
                                          "/var/lib/sss",
                                          "/nix/store",
                                          "/gnu/store",
                                          "/proc/self",
                                          "/sys/devices/system",
                                          "/dev/urandom"};

void add_folders_of_variable(const char* variable, std::vector<confine::PathRule>& paths) {
  const char* const value = std::getenv(variable);
  std::istringstream folders(value == nullptr ? "" : value);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.empty()) paths.push_back({folder, Access::read});
  }
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

/// Locks and what replaces it stand beside it, and beside what it is a link to.
void add_mbox(const fs::path& file, std::vector<confine::PathRule>& paths) {
  paths.push_back({folder_of(file), Access::write});
  std::error_code unknown;
  if (const auto real = fs::canonical(file, unknown); !unknown) paths.push_back({folder_of(real), Access::write});
}

/// Its target is open, so the configuration has been found good.
void add_maildrop(const FetchPlace& place, const Console& console, std::vector<confine::PathRule>& paths) {
  const Complaints quiet(console);
  const auto config = load_config(place.holder, quiet.console());
  if (!config) return;
  paths.push_back({config->data, Access::write});
  paths.push_back({folder_of(config->users), Access::read});
}

void add_target(const TargetName& target, const FetchPlace& place, const Console& console, RoleRules& rules) {
  switch (target.kind) {
    case TargetName::Kind::maildir:
      rules.paths.push_back({target.place, Access::write});
      return;
    case TargetName::Kind::mbox:
      add_mbox(target.place, rules.paths);
      return;
    case TargetName::Kind::maildrop:
      add_maildrop(place, console, rules.paths);
      return;
    case TargetName::Kind::mail_server:
      rules.ports.push_back(target.url.port);
      return;
    case TargetName::Kind::command:
      return;  // another process starts it
  }
}

void add_account(const Account& account, const FetchPlace& place, const Console& console, RoleRules& rules) {
  rules.ports.push_back(account.server.port);
  if (account.proxy) rules.ports.push_back(account.proxy->port);
  if (place.dry_run) return;
  if (!account.archive.empty()) rules.paths.push_back({account.archive, Access::write});
  const auto target = read_target(account.target);
  if (target) add_target(*target, place, console, rules);  // one that cannot be read is not fetched
}

}  // namespace

RoleRules fetch_rules(const Account& account, const FetchPlace& place, const Console& console) {
  namespace calls = confine::calls;
  RoleRules rules{"fetch", "fetches mail", {}, {}};
  for (const char* const path : read_by_libraries) rules.paths.push_back({path, Access::read});
  for (const char* variable : {"SSL_CERT_DIR", "SSL_CERT_FILE"}) add_folders_of_variable(variable, rules.paths);
  rules.paths.push_back({"/dev/null", Access::write});
  const fetcher::AccountLedgers ledgers(place.state);
  rules.paths.push_back({ledgers.folder(fetch_accounts::ledger_name(account)), Access::write});
  std::error_code none;
  if (const auto temporary = fs::temp_directory_path(none); !none) rules.paths.push_back({temporary, Access::write});
  rules.ports = {domain_port};
  add_account(account, place, console, rules);
  rules.calls = confine::joined({store_rules({}).calls,
                                 {"socket", "connect", "bind", "socketpair", "sendmmsg", "recvmmsg", "pipe", "kill",
                                  "rt_sigtimedwait", "wait4"}});
  return rules;
}

void confine_fetch(const Account& account, const FetchPlace& place, const Console& console) {
  const auto rules = fetch_rules(account, place, console);
  auto protection = confine::confine_client(rules.paths, rules.ports);
  // Plug-ins of the C library look up names, and make whatever calls they like: they are told no, not ended.
  confine::confine_calls(rules.calls, protection, {}, confine::Forbidden::fails);
}

}  // namespace fermo::commands
