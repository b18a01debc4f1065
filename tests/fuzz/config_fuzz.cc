#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "config/config.h"
#include "fetch_accounts/account_file.h"

/// fermo.toml, a `--listen` argument and the file of accounts, whatever is in them. The input: one octet that says
/// which, then the text.
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

void check_accounts(std::string_view toml) {
  const fetch_accounts::AccountsRead read = fetch_accounts::read_accounts(toml, {});
  for (const config::Problem& problem : read.problems) check(problem, toml);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      check_configuration(text);
      break;
    case 1:
      check_listen(text);
      break;
    default:
      check_accounts(text);
  }
  return 0;
}
