#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/file_replacement.h"
#include "base/clock.h"
#include "base/limits.h"
#include "fermo/account_changes.h"
#include "fermo/account_commands.h"
#include "fermo/fetch_state.h"
#include "fermo/table.h"
#include "fermo/user_folders.h"
#include "fetch/import.h"
#include "fetch/number_text.h"
#include "fetch/rc_import.h"
#include "fetch_accounts/imported.h"

namespace fermo::commands {
namespace {

using fetch_accounts::Account;
using fetch_accounts::ImportedKeys;
using fetch_accounts::RcKind;
using fetch_accounts::StateKind;

Outcome<std::string> read_file(const std::string& path, const Console& console) {
  const auto complain = [&](const std::string& why) {
    console.complain("cannot read " + path + ": " + why);
    return ExitCode::no_input;
  };
  const auth::Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) return complain(std::strerror(errno));
  auto text = auth::read_whole(file, limits::import_octets_max);
  if (!text) return complain(text.error().message());
  return std::move(*text);
}

void print_problems(const std::string& path, const fetch::ImportProblems& problems, const Console& console) {
  for (const auto& problem : problems.list()) {
    console.complain(path + (problem.line > 0 ? ":" + std::to_string(problem.line) : "") + ": " +
                     printable(problem.message));
  }
  const auto others = problems.count() - problems.list().size();
  if (others > 0) console.complain(path + ": and " + std::to_string(others) + " more");
}

// --- import ----------------------------------------------------------------------------------------------------------

struct ImportOptions {
  std::string accounts;
  std::vector<std::string> files;
  std::string from;
};

fetch::ImportedSettings read_settings(const ImportOptions& options, const std::string& path, const std::string& text) {
  RcKind kind = fetch_accounts::rc_kind_of(path, text);
  if (options.from == "fetchmail") kind = RcKind::fetchmail;
  if (options.from == "getmail") kind = RcKind::getmail;
  if (options.from == "mpop") kind = RcKind::mpop;
  switch (kind) {
    case RcKind::fetchmail:
      return fetch::read_fetchmailrc(text);
    case RcKind::getmail:
      return fetch::read_getmailrc(text);
    case RcKind::mpop:
      break;
  }
  return fetch::read_mpoprc(text);
}

/// One file's accounts, each with what could not be taken over.
class Importing {
 public:
  Importing(const ImportOptions& options, const Console& console)
      : options_(options), console_(console), path_(accounts_path(options.accounts)), around_(surroundings()) {}

  ExitCode run() {
    const auto known = load_accounts(path_, console_);
    if (!known) return known.error();
    for (const Account& account : *known) take_note(account.name, fetch_accounts::ledger_name(account));
    for (const std::string& file : options_.files) {
      const auto text = read_file(file, console_);
      if (!text) return text.error();
      const auto settings = read_settings(options_, file, *text);
      print_problems(file, settings.problems, console_);
      for (const auto& account : settings.accounts) {
        if (const auto done = import(file, account); !done) return done.error();
      }
    }
    if (imported_ > 0) return ExitCode::ok;
    console_.complain("no account was imported");
    return ExitCode::data_error;
  }

 private:
  void take_note(const std::string& name, const std::string& ledger_name) {
    names_.insert(name);
    ledger_names_.insert(ledger_name);
  }

  Outcome<void> import(const std::string& file, const fetch::AccountSettings& settings);
  Outcome<void> keep_password(ImportedKeys& keys);

  const ImportOptions& options_;
  const Console& console_;
  const std::filesystem::path path_;
  const fetch_accounts::Surroundings around_;
  std::set<std::string> names_;
  std::set<std::string> ledger_names_;
  std::size_t imported_ = 0;
};

/// A password that stood in the other file gets one of its own.
Outcome<void> Importing::keep_password(ImportedKeys& keys) {
  if (keys.password.reveal().empty()) return {};
  Account account;
  account.name = keys.name;
  account.secret = {fetch_accounts::SecretSource::Kind::file,
                    absolute((path_.parent_path() / (keys.name + ".password")).string())};
  if (const auto kept = keep_password_in(account, keys.password, console_); !kept) return kept.error();
  keys.keys.push_back({"password_file", fetch_accounts::toml_value("password_file", account.secret.text)});
  console_.out << "the password of " << printable(keys.name) << " is in " << printable(account.secret.text) << '\n';
  return {};
}

Outcome<void> Importing::import(const std::string& file, const fetch::AccountSettings& settings) {
  const fetch::ServerUrl server{settings.tls, settings.server, port_of(settings)};
  const std::string ledger_name = fetch::account_name(settings.user, server);
  if (ledger_names_.contains(ledger_name)) {
    console_.complain(file + ": " + printable(ledger_name) + " is there already and left out");
    return {};
  }
  const auto is_taken = [this](const std::string& name) { return names_.contains(name); };
  ImportedKeys keys = fetch_accounts::keys_of(settings, is_taken, around_.target_problem);
  for (const auto& problem : keys.problems) console_.complain(file + ": " + printable(keys.name + ": " + problem));
  // First an account without its password: the folder is there then, and a refused account leaves no password behind.
  const auto append = [&](const std::string& text) {
    return std::optional(fetch_accounts::with_account(text, keys.name, keys.keys));
  };
  if (const auto changed = change_accounts(path_, append, console_); !changed) return changed.error();
  take_note(keys.name, ledger_name);
  ++imported_;
  console_.out << "imported " << printable(keys.name) << " from " << printable(file) << '\n';
  const std::size_t keys_before = keys.keys.size();
  if (const auto kept = keep_password(keys); !kept) return kept.error();
  if (keys.keys.size() == keys_before) return {};
  const auto complete = [&](const std::string& text) {
    return fetch_accounts::with_changes(text, keys.name, std::span(keys.keys).last(1));
  };
  return change_accounts(path_, complete, console_);
}

ExitCode import(const ImportOptions& options, const Console& console) {
  return Importing(options, console).run();
}

// --- import-state ----------------------------------------------------------------------------------------------------

struct StateOptions {
  std::string accounts;
  std::string name;
  std::vector<std::string> files;
  std::string from;
  std::string of;
  std::string state;
};

fetch::ImportedState read_state(const StateOptions& options, const std::string& path, const std::string& text) {
  StateKind kind = fetch_accounts::state_kind_of(path, text);
  if (options.from == "fetchmail") kind = StateKind::fetchmail;
  if (options.from == "getmail") kind = StateKind::getmail;
  if (options.from == "mpop") kind = StateKind::mpop;
  if (options.from == "thunderbird") kind = StateKind::thunderbird;
  switch (kind) {
    case StateKind::fetchmail:
      return fetch::read_fetchmail_ids(text);
    case StateKind::getmail:
      return fetch::read_getmail_oldmail(text, path);
    case StateKind::mpop:
      return fetch::read_mpop_uidls(text);
    case StateKind::thunderbird:
      break;
  }
  return fetch::read_thunderbird_popstate(text);
}

bool is_same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// The part of the file that is about this account; what is wrong is printed.
const fetch::ImportedAccount* find_part(const fetch::ImportedState& state, const StateOptions& options,
                                        const Account& account, const std::string& file, const Console& console) {
  std::string parts;
  for (const auto& part : state.accounts) {
    const std::string name = part.user + "@" + part.host;
    const bool is_it =
        options.of.empty() ? part.user == account.user && is_same(part.host, account.server.host) : name == options.of;
    if (is_it) return &part;
    parts += (parts.empty() ? "" : ", ") + printable(name);
  }
  const std::string wanted = options.of.empty() ? account.user + "@" + account.server.host : options.of;
  console.complain(file + " knows nothing of " + printable(wanted) +
                   (parts.empty() ? "" : "; it knows of " + parts + ", of which --of names one"));
  return nullptr;
}

/// What the ledger does not know yet goes into it, all or nothing.
Outcome<std::uint64_t> add_to_ledger(fetch::Ledger& ledger, const fetch::ImportedAccount& part,
                                     const Console& console) {
  const auto complain = [&](const error_code& error) {
    console.complain("the ledger cannot be used: " + error.message());
    return ExitCode::io_error;
  };
  const auto records = ledger.load();
  if (!records) return complain(records.error());
  std::set<std::string_view> known;
  for (const auto& record : *records) known.insert(record.key);
  std::vector<fetch::Change> changes = fetch::imported_changes(part, SystemClock().now());
  std::erase_if(changes, [&](const fetch::Change& change) { return known.contains(fetch::key_of(change)); });
  if (const auto applied = ledger.apply(changes); !applied) return complain(applied.error());
  return changes.size();
}

ExitCode import_state(const StateOptions& options, const Console& console) {
  const auto account = load_account(accounts_path(options.accounts), options.name, console);
  if (!account) return account.error();
  const auto folder = state_folder(options.state, console);
  if (!folder) return folder.error();
  if (const auto prepared = prepare_state_folder(*folder, console); !prepared) return prepared.error();
  const auto ledger = open_ledger(*folder, fetch_accounts::ledger_name(*account), console);
  if (!ledger) return ledger.error();
  for (const std::string& file : options.files) {
    const auto text = read_file(file, console);
    if (!text) return text.error();
    const auto state = read_state(options, file, *text);
    print_problems(file, state.problems, console);
    const auto* const part = find_part(state, options, *account, file, console);
    if (part == nullptr) return ExitCode::data_error;
    const auto added = add_to_ledger(**ledger, *part, console);
    if (!added) return added.error();
    console.out << printable(file) << ": " << fetch::counted(part->ids.size(), "message")
                << " that were fetched before, " << fetch::with_separators(*added) << " of them new here\n";
  }
  return ExitCode::ok;
}

}  // namespace

void add_account_import(CLI::App& account, Invocation& invocation) {
  CLI::App& app = *account.add_subcommand("import", "Take over the accounts of fetchmail, getmail or mpop");
  auto options = std::make_shared<ImportOptions>();
  app.add_option("FILE", options->files, ".fetchmailrc, getmailrc or .mpoprc")->required()->option_text(" ");
  app.add_option("--from", options->from, "Whose files they are (default: told by name and content)")
      ->type_name("PROGRAM")
      ->check(CLI::IsMember({"fetchmail", "getmail", "mpop"}, CLI::ignore_case).description(""));
  add_accounts_option(app, options->accounts);
  runs(app, invocation, std::move(options), import);
}

void add_account_import_state(CLI::App& account, Invocation& invocation) {
  CLI::App& app = *account.add_subcommand("import-state", "Learn what another program has fetched already");
  auto options = std::make_shared<StateOptions>();
  app.add_option("NAME", options->name, "The account")->required()->option_text(" ");
  app.add_option("FILE", options->files, ".fetchids, oldmail-…, a uidls file of mpop or popstate.dat")
      ->required()
      ->option_text(" ");
  app.add_option("--from", options->from, "Whose files they are (default: told by name and content)")
      ->type_name("PROGRAM")
      ->check(CLI::IsMember({"fetchmail", "getmail", "mpop", "thunderbird"}, CLI::ignore_case).description(""));
  app.add_option("--of", options->of, "Which account in the file, when it is called otherwise there")
      ->type_name("USER@HOST");
  app.add_option("--state", options->state, "Folder of what is remembered (default: $XDG_STATE_HOME/fermo)")
      ->type_name("DIR");
  add_accounts_option(app, options->accounts);
  runs(app, invocation, std::move(options), import_state);
}

}  // namespace fermo::commands
