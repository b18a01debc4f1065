#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fermo/account_changes.h"
#include "fermo/account_commands.h"
#include "fermo/fetch_secret.h"
#include "fermo/table.h"
#include "fetch/policy_text.h"
#include "fetch_accounts/providers.h"

namespace fermo::commands {
namespace {

using fetch_accounts::KeyChange;
using fetch_accounts::Provider;
using Kind = fetch_accounts::SecretSource::Kind;

struct AddOptions {
  std::string accounts;
  std::string address;
  std::string name;
  std::string server;
  std::string user;
  std::string mode;
  std::string target;
  SecretOptions secret;
  bool token = false;
  std::vector<std::string> assignments;
};

/// The answer on the terminal, `otherwise` for an empty one; nothing without a terminal or an answer.
std::optional<std::string> ask(const std::string& question, const std::string& otherwise, const Console& console) {
  if (!console.terminal.is_interactive()) return std::nullopt;
  auto answer = console.terminal.ask(question + (otherwise.empty() ? ": " : " [" + otherwise + "]: "));
  if (answer && answer->empty()) answer = otherwise;
  if (answer && answer->empty()) return std::nullopt;
  return answer;
}

/// What the account is going to be, with what is missing asked for.
class Adding {
 public:
  Adding(const AddOptions& options, const Console& console) : options_(options), console_(console) {}

  ExitCode run() {
    path_ = accounts_path(options_.accounts);
    name_ = options_.name.empty() ? options_.address : options_.name;
    if (const auto known = load_accounts(path_, console_); !known) {
      return known.error();
    } else if (fetch_accounts::find_account(*known, name_) != nullptr) {
      console_.complain("there is an account " + printable(name_) + " already; fermo account edit " + printable(name_) +
                        " changes it, --name gives another name to a new one");
      return ExitCode::data_error;
    }
    const auto assignments = read_assignments(options_.assignments, console_);
    if (!assignments) return assignments.error();
    if (const auto done = choose_server(); !done) return done.error();
    if (const auto done = choose_mode_and_target(); !done) return done.error();
    choose_secret();
    keys_.insert(keys_.end(), assignments->begin(), assignments->end());
    return write();
  }

 private:
  void set(const char* key, const std::string& value) {
    keys_.push_back({key, fetch_accounts::toml_value(key, value)});
  }

  Outcome<void> choose_server();
  Outcome<void> choose_mode_and_target();
  void choose_secret();
  ExitCode write();
  void report(const fetch_accounts::Account& account) const;

  const AddOptions& options_;
  const Console& console_;
  std::filesystem::path path_;
  std::string name_;
  std::string server_;
  const Provider* provider_ = nullptr;
  bool keeps_password_ = false;
  std::vector<KeyChange> keys_;
};

Outcome<void> Adding::choose_server() {
  const auto found = fetch_accounts::settings_for(options_.address);
  server_ = options_.server;
  std::string user = options_.user;
  if (found.settings && server_.empty()) {
    server_ = fetch::text_of(found.settings->server);
    if (user.empty()) user = found.settings->user;
    provider_ = found.settings->provider;
  }
  if (server_.empty())
    server_ = ask("POP3 server of " + printable(options_.address) + " (pop3s://HOST)", "", console_).value_or("");
  if (server_.empty()) {
    console_.complain(found.problem);
    return ExitCode::usage;
  }
  if (server_.find("://") == std::string::npos) server_ = "pop3s://" + server_;
  set("server", server_);
  if (name_ != options_.address) set("address", options_.address);
  if (!user.empty() && user != options_.address) set("user", user);
  return {};
}

Outcome<void> Adding::choose_mode_and_target() {
  std::string target = absolute_target(options_.target);
  if (target.empty()) target = ask("Where the mail goes", "maildir:~/Mail/" + name_, console_).value_or("");
  if (target.empty()) {
    console_.complain("say where the mail goes, as in --to maildir:~/Maildir");
    return ExitCode::usage;
  }
  std::string mode = options_.mode;
  if (mode.empty()) {
    const std::string modes(fetch::modes_for_people);
    mode = ask("What becomes of fetched mail on the server: " + modes, "keep", console_).value_or("");
  }
  if (!mode.empty()) set("mode", mode);
  set("to", target);
  return {};
}

bool has_keyring() {
  const char* const bus = std::getenv("DBUS_SESSION_BUS_ADDRESS");
  return bus != nullptr && *bus != '\0' && ::access("/usr/bin/secret-tool", X_OK) == 0;
}

void Adding::choose_secret() {
  const SecretOptions& given = options_.secret;
  const bool wants_token = provider_ != nullptr && provider_->login == fetch_accounts::LoginWith::token;
  const bool interactive = console_.terminal.is_interactive();
  if (!given.source.command.empty()) set("password_command", given.source.command);
  if (!given.source.credential.empty()) set("password_credential", given.source.credential);
  if (!given.source.environment.empty()) set("password_environment", given.source.environment);
  if (given.keyring) set("password_keyring", "true");
  if (!given.source.file.empty()) set("password_file", absolute(given.source.file));
  if (options_.token || wants_token) set("token", "true");
  keeps_password_ =
      interactive && (given.keyring || (!given.source.file.empty() && ::access(given.source.file.c_str(), F_OK) != 0));
  if (!given.source.is_question() || given.keyring || !interactive) return;
  if (wants_token) {
    const auto command = ask("Command that prints an OAuth access token", "", console_);
    if (command) set("password_command", *command);
    return;
  }
  const std::string file = path_.parent_path() / (name_ + ".password");
  if (has_keyring() && console_.terminal.ask_yes("Keep the password in the keyring? [y/N] ")) {
    set("password_keyring", "true");
  } else if (console_.terminal.ask_yes("Keep the password in " + printable(file) + ", for you alone to read? [y/N] ")) {
    set("password_file", absolute(file));
  } else {
    return;
  }
  keeps_password_ = true;
}

ExitCode Adding::write() {
  const auto with = [this](const std::string& text) {
    return std::optional(fetch_accounts::with_account(text, name_, keys_));
  };
  if (const auto changed = change_accounts(path_, with, console_); !changed) return changed.error();
  const auto account = load_account(path_, name_, console_);
  if (!account) return account.error();
  if (keeps_password_) {
    if (const auto kept = ask_and_keep_password(*account, console_); !kept) {
      console_.complain("the account is there, its password is not; fermo account edit --password " + printable(name_) +
                        " asks again");
      return kept.error();
    }
  }
  report(*account);
  return ExitCode::ok;
}

void Adding::report(const fetch_accounts::Account& account) const {
  console_.out << "added " << printable(name_) << ": " << printable(fetch::text_of(account.server)) << ", user "
               << printable(account.user) << ", to " << printable(account.target) << '\n';
  const Provider* const provider =
      provider_ != nullptr ? provider_ : fetch_accounts::provider_of_server(account.server.host);
  if (provider != nullptr) {
    if (const auto hint = before_login(*provider); !hint.empty()) console_.out << hint << '\n';
  }
  console_.out << "fermo account test " << printable(name_) << " tries it\n";
}

ExitCode add(const AddOptions& options, const Console& console) {
  return Adding(options, console).run();
}

}  // namespace

void add_account_add(CLI::App& account, Invocation& invocation) {
  CLI::App& app = *account.add_subcommand("add", "Add an account; on a terminal what is missing is asked for");
  auto options = std::make_shared<AddOptions>();
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("ADDRESS", options->address, "The mail address")->required()->option_text(" ");
  app.add_option("--name", options->name, "What to call the account (default: the address)")->type_name("NAME");
  app.add_option("--server", options->server,
                 "pop3s://HOST[:PORT], pop3+stls://HOST[:PORT] or pop3://HOST[:PORT] (default: that of a big provider)")
      ->type_name("URL");
  app.add_option("--user", options->user, "Whom to log in as (default: what the provider wants, else the address)")
      ->type_name("NAME");
  app.add_option("--mode", options->mode,
                 "What becomes of fetched mail on the server: delete, keep, keep-days=N, keep-newest=N or mirror")
      ->type_name("MODE");
  app.add_option("--to", options->target, "Where the mail goes, as of fermo fetch")->type_name("TARGET");
  options->secret.add_to(app);
  app.add_flag("--token", options->token, "The password is an OAuth access token");
  add_accounts_option(app, options->accounts);
  app.add_option("SETTINGS", options->assignments, "KEY=VALUE: any other key of the account")
      ->option_text(" ")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  runs(app, invocation, std::move(options), add);
}

}  // namespace fermo::commands
