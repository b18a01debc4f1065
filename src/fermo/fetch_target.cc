#include "fermo/fetch_target.h"

#include <optional>
#include <system_error>
#include <utility>

#include "fermo/table.h"
#include "fetch/sha256.h"
#include "fetcher/command_target.h"
#include "fetcher/file_ops.h"
#include "fetcher/maildir_target.h"
#include "fetcher/mbox_target.h"

namespace fermo::commands {
namespace {

using Kind = TargetName::Kind;
using Opened = Result<std::unique_ptr<fetch::Target>>;

/// Words as sh(1) would part them, quotes and backslashes too; nothing when a quote has no end.
std::optional<std::vector<std::string>> words_of(const std::string& text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    const bool escapes = c == '\\' && quote != '\'' && i + 1 < text.size();
    if (escapes) {
      words.back() += text[++i];
    } else if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      words.back() += c;
    }
  }
  if (quote != '\0') return std::nullopt;
  return words;
}

template <class T>
Opened as_target(Result<std::unique_ptr<T>> opened) {
  if (!opened) return opened.error();
  return std::unique_ptr<fetch::Target>(std::move(*opened));
}

/// The same for an mbox however it is named.
std::filesystem::path journal_of(const std::string& mbox, const std::filesystem::path& state_folder) {
  constexpr std::size_t digits = 24;
  std::error_code unknown;
  std::filesystem::path path = std::filesystem::weakly_canonical(mbox, unknown);
  fetch::Sha256 hash;
  hash.update(unknown ? mbox : path.native());
  return state_folder / ("mbox-" + hash.hexadecimal(digits) + ".journal");
}

Opened open(const TargetName& name, const std::filesystem::path& state_folder, const fetch::AccountState& state,
            const Clock& clock) {
  switch (name.kind) {
    case Kind::maildir:
      return as_target(fetcher::MaildirTarget::open(name.place));
    case Kind::mbox: {
      const bool look_back = state.deliveries_open || !state.first_run_done;
      const fetcher::MboxTarget::Options options{look_back, journal_of(name.place, state_folder)};
      return as_target(fetcher::MboxTarget::open(name.place, options, clock));
    }
    case Kind::command:
      break;
  }
  return as_target(fetcher::CommandTarget::open(name.arguments, fetcher::CommandTarget::Options()));
}

std::filesystem::path folder_above(const TargetName& name) {
  const std::filesystem::path place(name.place);
  return place.has_filename() ? place.parent_path() : place.parent_path().parent_path();
}

/// The first run makes the folders above too. Later they are expected: a disk that is not mounted is not written below.
Result<void> make_place(const TargetName& name, const fetch::AccountState& state) {
  if (name.kind == Kind::command || state.first_run_done) return {};
  return fetcher::make_folders(folder_above(name), fetcher::system_file_ops());
}

std::string why(const TargetName& name, const error_code& error) {
  if (name.kind == Kind::command) return error.message();
  const std::filesystem::path above = folder_above(name);
  std::error_code unknown;
  const bool missing = !above.empty() && !std::filesystem::exists(above, unknown);
  return missing ? "there is no folder " + printable(above.string()) : error.message();
}

ExitCode exit_code_of_target(const error_code& error) {
  if (error == fetch::Error::misused || error == fetch::Error::not_ours) return ExitCode::cannot_create;
  if (error == fetch::Error::in_use) return ExitCode::temporary_failure;
  return ExitCode::io_error;
}

}  // namespace

runtime::Explained<TargetName> read_target(const std::string& text) {
  using Read = runtime::Explained<TargetName>;
  const auto colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  TargetName name;
  name.place = colon == std::string::npos ? std::string() : text.substr(colon + 1);
  if (kind == "mbox") name.kind = Kind::mbox;
  if (kind == "command") name.kind = Kind::command;
  const bool known = kind == "maildir" || kind == "mbox" || kind == "command";
  if (!known || colon == std::string::npos) return Read::problem("write maildir:DIR, mbox:FILE or command:PROGRAM");
  if (name.place.empty()) return Read::problem("nothing stands after the colon");
  if (name.kind != Kind::command) return name;
  auto words = words_of(name.place);
  if (!words || words->empty()) return Read::problem("the quotes are not in order");
  name.arguments = std::move(*words);
  return name;
}

Outcome<TargetName> parse_target(const std::string& text, const Console& console) {
  auto target = read_target(text);
  if (target) return std::move(*target);
  console.complain("--to " + printable(text) + ": " + target.problem());
  return ExitCode::usage;
}

Outcome<std::unique_ptr<fetch::Target>> open_target(const TargetName& name, const std::filesystem::path& state_folder,
                                                    const fetch::AccountState& state, const Clock& clock,
                                                    const Console& console) {
  const auto made = make_place(name, state);
  auto opened = made ? open(name, state_folder, state, clock) : Opened(made.error());
  if (opened) return std::move(*opened);
  const std::string what = name.kind == Kind::command ? name.arguments.front() : name.place;
  console.complain("mail cannot be delivered to " + printable(what) + ": " + why(name, opened.error()));
  return exit_code_of_target(opened.error());
}

}  // namespace fermo::commands
