#include "fermo/fetch_target.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/limits.h"
#include "fermo/fetch_mail_server.h"
#include "fermo/fetch_maildrop.h"
#include "fermo/table.h"
#include "fetch/sha256.h"
#include "fetcher/archive_target.h"
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

struct KindWord {
  std::string_view word;
  Kind kind;
};
constexpr std::array kinds{KindWord{"maildir", Kind::maildir}, KindWord{"mbox", Kind::mbox},
                           KindWord{"maildrop", Kind::maildrop}, KindWord{"command", Kind::command}};

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

/// Whoever hears a server does not start programs.
Opened open_command(const std::vector<std::string>& arguments) {
  if (arguments.front().empty()) return fetch::Error::misused;
  auto runner = fetcher::RemoteRunner::start({arguments, limits::command_time_max});
  if (!runner) return fetch::from_errno(runner.error().value());
  return as_target(fetcher::CommandTarget::open(arguments.front(), std::move(*runner)));
}

Opened open(const TargetName& name, const std::filesystem::path& state_folder, const fetch::AccountState& state,
            const Clock& clock) {
  if (name.kind == Kind::maildir) return as_target(fetcher::MaildirTarget::open(name.place));
  if (name.kind == Kind::command) return open_command(name.arguments);
  const bool look_back = state.deliveries_open || !state.first_run_done;
  const fetcher::MboxTarget::Options options{look_back, journal_of(name.place, state_folder)};
  return as_target(fetcher::MboxTarget::open(name.place, options, clock));
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
  if (error == fetch::Error::in_use || error == fetch::Error::unreachable) return ExitCode::temporary_failure;
  return ExitCode::io_error;
}

Outcome<std::unique_ptr<fetch::Target>> open_place(const TargetName& name, const TargetOptions& options,
                                                   const std::filesystem::path& state_folder,
                                                   const fetch::AccountState& state, const Clock& clock,
                                                   const Console& console) {
  if (name.kind == Kind::mail_server) return open_mail_target(name.url, options.access, options.secret, state, console);
  if (name.kind == Kind::maildrop) return open_maildrop_target(name.place, options.places, clock, console);
  const auto made = make_place(name, state);
  auto opened = made ? open(name, state_folder, state, clock) : Opened(made.error());
  if (opened) return std::move(*opened);
  const std::string what = name.kind == Kind::command ? name.arguments.front() : name.place;
  console.complain("mail cannot be delivered to " + printable(what) + ": " + why(name, opened.error()));
  return exit_code_of_target(opened.error());
}

}  // namespace

runtime::Explained<TargetName> read_target(const std::string& text) {
  using Read = runtime::Explained<TargetName>;
  const auto colon = text.find(':');
  const std::string word = text.substr(0, colon);
  TargetName name;
  name.place = colon == std::string::npos ? std::string() : text.substr(colon + 1);
  if (is_mail_scheme(word)) {
    auto url = read_mail_url(text);
    if (!url) return Read::problem(url.problem());
    name.kind = Kind::mail_server;
    name.url = std::move(*url);
    return name;
  }
  const auto known = std::ranges::find(kinds, word, &KindWord::word);
  if (colon == std::string::npos || known == kinds.end()) {
    return Read::problem(
        "write maildir:DIR, mbox:FILE, maildrop:USER, command:PROGRAM, lmtp://HOST/USER@DOMAIN, "
        "lmtp+unix:PATH?USER@DOMAIN, smtp://, smtp+starttls:// or smtps://HOST/USER@DOMAIN, or "
        "imaps://USER@HOST/FOLDER");
  }
  name.kind = known->kind;
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

void TargetOptions::add_to(CLI::App& app) {
  places.add_places_to(app);
  app.add_option("--archive", archive, "Keep a compressed copy of each message in this folder too")->type_name("DIR");
  app.add_option("--target-user", access.user, "Whom to log in to the target's server as")->type_name("NAME");
  using From = fetch_accounts::SecretSource::Kind;
  const auto take = [this](From from) {
    return [this, from](const std::string& text) { access.secret = {from, text}; };
  };
  CLI::Option* const file = app.add_option_function<std::string>("--target-password-file", take(From::file),
                                                                 "File with the target's password, as --password-file")
                                ->type_name("FILE");
  app.add_option_function<std::string>("--target-password-command", take(From::command),
                                       "Shell command that prints the target's password")
      ->type_name("COMMAND")
      ->excludes(file);
  app.add_flag("--target-token", access.token, "The target's password is an OAuth access token");
  app.add_option("--target-ca", access.authorities, "PEM file of the certificates to trust for the target, as --ca")
      ->type_name("FILE");
}

Outcome<std::unique_ptr<fetch::Target>> open_target(const TargetName& name, const TargetOptions& options,
                                                    const std::filesystem::path& state_folder,
                                                    const fetch::AccountState& state, const Clock& clock,
                                                    const Console& console) {
  auto target = open_place(name, options, state_folder, state, clock, console);
  if (!target || options.archive.empty()) return target;
  auto archive = fetcher::ArchiveTarget::open(options.archive, std::move(*target), clock);
  if (archive) return std::unique_ptr<fetch::Target>(std::move(*archive));
  console.complain("nothing can be kept in the archive " + printable(options.archive.string()) + ": " +
                   archive.error().message());
  return exit_code_of_target(archive.error());
}

}  // namespace fermo::commands
