#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"
#include "fetch/import.h"
#include "fetch/message_key.h"
#include "fetch/rc_import.h"
#include "fetch_accounts/account_edit.h"
#include "fetch_accounts/account_file.h"
#include "fetch_accounts/imported.h"

/// The files of other fetchers, whatever is in them. The input: one octet that says which file it is, then the file.
namespace {

using namespace fermo;
using namespace fermo::fetch;

void check(const ImportProblems& problems) {
  FERMO_CHECK(problems.list().size() <= limits::import_problems_max);
  FERMO_CHECK(problems.count() >= problems.list().size());
  for (const ImportProblem& problem : problems.list()) {
    for (const char c : problem.message) FERMO_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
}

void check(const ImportedState& state) {
  check(state.problems);
  for (const ImportedAccount& account : state.accounts) {
    for (const ImportedId& id : account.ids) FERMO_CHECK(is_usable_unique_id(id.unique_id));
    FERMO_CHECK(imported_changes(account, Timestamp()).size() == account.ids.size());
  }
}

/// A server or a path may be one that no account can have, and the import is refused then; no number may be the reason.
void check_taken_over(const AccountSettings& account) {
  const auto nothing_wrong = [](const std::string&) { return std::string(); };
  const auto keys = fetch_accounts::keys_of(account, [](const std::string&) { return false; }, nothing_wrong);
  const std::string toml = fetch_accounts::with_account("", keys.name, keys.keys);
  const auto read = fetch_accounts::read_accounts(toml, {.home = "/home/ann", .target_problem = {}, .pin_problem = {}});
  for (const config::Problem& problem : read.problems) {
    for (const std::string_view key :
         {"timeout_seconds", "interval_seconds", "limit_octets", "messages_at_once_max", "mode"}) {
      FERMO_CHECK(!problem.message.starts_with(key));
    }
  }
}

void check(const ImportedSettings& settings) {
  check(settings.problems);
  for (const AccountSettings& account : settings.accounts) {
    FERMO_CHECK(!account.port || *account.port != 0);
    FERMO_CHECK(!account.timeout || *account.timeout >= std::chrono::seconds(0));
    for (const std::string& pin : account.pins_sha256) FERMO_CHECK(pin.size() == 64);
    check_taken_over(account);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      check(read_fetchmail_ids(text));
      break;
    case 1:
      check(read_getmail_oldmail(text, text.substr(0, text.find('\n'))));
      break;
    case 2:
      check(read_mpop_uidls(text));
      break;
    case 3:
      check(read_thunderbird_popstate(text));
      break;
    case 4:
      check(read_fetchmailrc(text));
      break;
    case 5:
      check(read_getmailrc(text));
      break;
    default:
      check(read_mpoprc(text));
      break;
  }
  return 0;
}
