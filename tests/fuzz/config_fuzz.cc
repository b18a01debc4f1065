#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/check.h"
#include "config/config.h"
#include "config/text.h"
#include "config/toml_reader.h"
#include "fetch_accounts/account_file.h"
#include "mail/utf8.h"

/// fermo.toml, a `--listen` argument and the file of accounts, whatever is in them, and words that become a value in
/// the file of accounts. The input: one octet that says which, then the text.
namespace {

using namespace fermo;

void check(const config::Problem& problem, std::string_view toml) {
  for (const char c : problem.text("fermo.toml")) FERMO_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  const auto lines = static_cast<std::uint32_t>(std::ranges::count(toml, '\n')) + 1;
  FERMO_CHECK(!problem.line || (*problem.line >= 1 && *problem.line <= lines));
}

/// What was read can be written, and is the same when it is read again.
void check_configuration(std::string_view toml) {
  const config::Parsed parsed = config::parse(toml);
  for (const config::Problem& problem : parsed.problems) check(problem, toml);
  if (!parsed.problems.empty()) return;
  const config::Parsed again = config::parse(config::describe(parsed.config));
  FERMO_CHECK(again.problems.empty() && again.config == parsed.config);
}

void check_listen(std::string_view text) {
  const config::ListenParsed parsed = config::parse_listen(text);
  FERMO_CHECK(parsed.listen.has_value() == parsed.problem.empty());
  if (parsed.listen) FERMO_CHECK(config::parse_listen(parsed.listen->text()).listen == parsed.listen);
}

std::string always_wrong(const std::string&) {
  return "is not what it should be";
}

void check_accounts(std::string_view toml, const fetch_accounts::Surroundings& surroundings) {
  const fetch_accounts::AccountsRead read = fetch_accounts::read_accounts(toml, surroundings);
  for (const config::Problem& problem : read.problems) check(problem, toml);
  if (!read.problems.empty()) return;
  for (const fetch_accounts::Account& account : read.accounts) {
    FERMO_CHECK(fetch_accounts::name_problem(account.name).empty());
    FERMO_CHECK(fetch_accounts::find_account(read.accounts, account.name)->name == account.name);
    FERMO_CHECK(!fetch_accounts::ledger_name(account).empty());
    FERMO_CHECK(!fetch_accounts::text_of(account.policy.first_run).empty());
  }
}

/// A key in the first line, and words of the command line in the others. What they become is one value, and text that
/// comes back.
void check_value(std::string_view text) {
  const std::string_view key = text.substr(0, text.find('\n'));
  const std::string_view words = text.substr(std::min(text.size(), key.size() + 1));
  const auto value = config::read_toml("key = " + fetch_accounts::toml_value(key, words));
  FERMO_CHECK(value.problems.empty() && value.items.size() == 1);
  const auto string = config::read_toml("key = " + config::toml_string(words));
  FERMO_CHECK(string.problems.empty() && string.items.size() == 1);
  const auto* const back = std::get_if<std::string>(&string.items.front().value.content);
  FERMO_CHECK(back != nullptr && (!mail::is_utf8(words) || *back == words));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      check_configuration(text);
      break;
    case 1:
      check_listen(text);
      break;
    case 2:
      check_accounts(text, {});
      break;
    case 3:
      check_accounts(text, {.home = "/home/ann", .target_problem = &always_wrong, .pin_problem = &always_wrong});
      break;
    default:
      check_value(text);
  }
  return 0;
}
