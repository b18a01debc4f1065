#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "account/account.h"
#include "auth/error.h"
#include "auth/password_file.h"
#include "auth/password_hash.h"
#include "base/limits.h"
#include "base/secret.h"
#include "fermo/addressee.h"
#include "fermo/commands.h"
#include "fermo/common_options.h"
#include "fermo/data_folder.h"
#include "fermo/drop_actions.h"
#include "fermo/json.h"
#include "fermo/store_access.h"
#include "fermo/table.h"

namespace fermo::commands {
namespace {

struct UserOptions {
  CommonOptions common;
  std::string name;
  bool password_stdin = false;
  bool with_mail = false;
};

ExitCode complain_of_users(const Console& console, const auth::PasswordFile& file, const std::string& what,
                           const error_code& error) {
  console.complain(what + ": " + error.message() + " (" + file.path().string() + ")");
  return exit_code_of(error);
}

/// The name as it is stored.
Outcome<std::string> canonical(const std::string& name, const Console& console) {
  if (auto canonical = account::canonical_name(name)) return std::move(*canonical);
  console.complain("«" + printable(name) + "» cannot be a user name: it must be 1 to " +
                   std::to_string(limits::drop_id_octets_max) +
                   " octets of UTF-8 without spaces, colons and control characters, and not begin with #");
  return ExitCode::usage;
}

/// For a user who is still to be made: one that is there goes on, whatever its name.
Outcome<std::string> addressable(const std::string& name, const Console& console) {
  auto stored = canonical(name, console);
  if (!stored || is_addressable(*stored)) return stored;
  console.complain("«" + printable(name) +
                   "» cannot be the name of a new user, for mail could not be addressed to it: it must be like what "
                   "stands before the @ of an address (letters, digits and !#$%&'*+-/=?^_`{|}~, with single dots "
                   "between them), or be a whole address");
  return ExitCode::usage;
}

// --- Passwords -------------------------------------------------------------------------------------------------------

/// The first line of standard input, without its end.
std::optional<Secret> read_password(std::istream& in) {
  std::string line;
  line.reserve(limits::password_octets_max + 2);  // it must not move: what it leaves behind would not be wiped
  for (char c = 0; line.size() <= limits::password_octets_max && in.get(c) && c != '\n';) line.push_back(c);
  if (line.ends_with('\r')) line.pop_back();
  const bool cut_off = line.empty() && !in;
  std::optional<Secret> password;
  if (!cut_off) password.emplace(line);
  wipe(line);
  return password;
}

std::optional<Secret> ask_password_twice(const Console& console, const std::string& name) {
  auto password = console.terminal.ask_secret("Password for " + name + ": ");
  if (!password) return std::nullopt;
  const auto again = console.terminal.ask_secret("The same again: ");
  if (!again || !(*again == *password)) {
    console.complain("the two passwords are not the same; nothing was changed");
    return std::nullopt;
  }
  return password;
}

/// The hash of the password that is asked for, or read from standard input.
Outcome<std::string> new_hash(const UserOptions& options, const std::string& name, const Console& console) {
  if (!options.password_stdin && !console.terminal.is_interactive()) {
    console.complain("there is no terminal to ask for the password; give it on standard input with --password-stdin");
    return ExitCode::usage;
  }
  const auto password = options.password_stdin ? read_password(console.in) : ask_password_twice(console, name);
  if (!password) {
    if (options.password_stdin) console.complain("there is no password on standard input; nothing was changed");
    return ExitCode::data_error;
  }
  auto hash = auth::hash_password(*password);
  if (!hash) {
    console.complain("the password cannot be set: " + hash.error().message());
    return exit_code_of(hash.error());
  }
  return std::move(*hash);
}

// --- add, password, remove -------------------------------------------------------------------------------------------

/// Everything that a change begins with: the configuration, the folder, the right to write there.
Outcome<config::Config> prepare(const UserOptions& options, const Console& console, bool make_folder) {
  auto config = load_config(options.common, console);
  if (!config) return config;
  const auto there = make_folder ? make_data_folder(config->data, console) : require_data_folder(config->data, console);
  if (!there) return there.error();
  if (const auto became = become_owner_of(config->data, console); !became) return became.error();
  return config;
}

void report(const UserOptions& options, const Console& console, const std::string& name, const char* done) {
  if (options.common.json) {
    print_json(console.out, {{"name", name}, {done, true}});
  } else {
    console.out << done << " " << name << '\n';
  }
}

ExitCode add(const UserOptions& options, const Console& console) {
  const auto name = addressable(options.name, console);
  if (!name) return name.error();
  const auto config = prepare(options, console, true);
  if (!config) return config.error();
  auth::PasswordFile file(config->users);
  if (const auto table = file.load(); table && (*table)->find(*name) != nullptr) {
    console.complain("there is a user " + *name + " already; fermo user password " + *name + " sets a new password");
    return ExitCode::data_error;
  }
  const auto hash = new_hash(options, *name, console);
  if (!hash) return hash.error();
  if (const auto added = file.add(*name, *hash); !added) {
    return complain_of_users(console, file, "cannot add " + *name, added.error());
  }
  report(options, console, *name, "added");
  return ExitCode::ok;
}

ExitCode set_password(const UserOptions& options, const Console& console) {
  const auto name = canonical(options.name, console);
  if (!name) return name.error();
  const auto config = prepare(options, console, false);
  if (!config) return config.error();
  auth::PasswordFile file(config->users);
  if (const auto table = file.load(); table && (*table)->find(*name) == nullptr) {
    return complain_of_users(console, file, *name, auth::Error::no_such_user);
  }
  const auto hash = new_hash(options, *name, console);
  if (!hash) return hash.error();
  if (const auto changed = file.set_password(*name, *hash); !changed) {
    return complain_of_users(console, file, "cannot change the password of " + *name, changed.error());
  }
  report(options, console, *name, "changed");
  return ExitCode::ok;
}

/// Deletes all mail of somebody who is a user no longer.
Outcome<std::uint64_t> remove_mail(maildrop::Store& store, const std::string& name, const Console& console) {
  const auto snapshot = store.open(DropId::from(name).value());
  const auto emptied = snapshot ? delete_all(**snapshot) : Result<void>(snapshot.error());
  if (!emptied) return complain_of_store(console, "the user is removed, but not the mail of " + name, emptied.error());
  return (*snapshot)->drop_listing().messages;
}

void report_removed(const UserOptions& options, const std::string& name, std::uint64_t messages, std::ostream& out) {
  if (options.common.json) {
    print_json(out, {{"name", name}, {"removed", true}, {"messages_removed", messages}});
  } else if (options.with_mail) {
    out << "removed " << name << " and " << messages << " messages\n";
  } else {
    out << "removed " << name << "; the mail is kept (fermo drop empty " << name << " removes it)\n";
  }
}

ExitCode remove(const UserOptions& options, const Console& console) {
  const auto name = canonical(options.name, console);
  if (!name) return name.error();
  const auto config = prepare(options, console, false);
  if (!config) return config.error();
  std::optional<StoreAccess> store;
  if (options.with_mail) {  // before the user goes: without the store, nothing is done
    auto opened = StoreAccess::open(*config, console);
    if (!opened) return opened.error();
    store = std::move(*opened);
  }
  auth::PasswordFile file(config->users);
  if (const auto removed = file.remove(*name); !removed) {
    return complain_of_users(console, file, "cannot remove " + *name, removed.error());
  }
  const auto messages = store ? remove_mail(**store, *name, console) : Outcome<std::uint64_t>(0u);
  if (!messages) return messages.error();
  report_removed(options, *name, *messages, console.out);
  return ExitCode::ok;
}

// --- list ------------------------------------------------------------------------------------------------------------

void print_users(const auth::PasswordTable& users, bool json, std::ostream& out) {
  auto list = nlohmann::json::array();
  Table table({{"NAME"}, {"LOGIN"}});
  for (const auto& user : users.entries()) {
    const auto problem = auth::hash_problem(user.hash);
    list.push_back({{"name", user.name}, {"login", !problem.has_value()}});
    if (problem) list.back()["problem"] = *problem;
    table.add({std::string(user.name), problem ? "no: " + printable(*problem) : "yes"});
  }
  if (json) {
    print_json(out, list);
  } else {
    table.print(out);
  }
}

ExitCode list(const UserOptions& options, const Console& console) {
  const auto config = prepare(options, console, false);
  if (!config) return config.error();
  auth::PasswordFile file(config->users, [&console, &config](const auth::LineProblem& problem) {
    console.complain(config->users.string() + ":" + std::to_string(problem.line) + ": " + problem.message);
  });
  const auto users = file.load();
  if (!users && users.error() == auth::Error::missing) {  // nobody has been added yet
    print_users(auth::PasswordTable({}, 0), options.common.json, console.out);
    return ExitCode::ok;
  }
  if (!users) return complain_of_users(console, file, "cannot list the users", users.error());
  print_users(**users, options.common.json, console.out);
  return ExitCode::ok;
}

// --- The tree --------------------------------------------------------------------------------------------------------

using Command = ExitCode (*)(const UserOptions&, const Console&);

struct Leaf {
  CLI::App& app;
  std::shared_ptr<UserOptions> options;
};

Leaf add_leaf(CLI::App& user, Invocation& invocation, const char* name, const char* description, Command command) {
  Leaf leaf{*user.add_subcommand(name, description), std::make_shared<UserOptions>()};
  leaf.options->common.add_to(leaf.app);
  runs(leaf.app, invocation, leaf.options, command);
  return leaf;
}

void takes_name(const Leaf& leaf) {
  leaf.app.add_option("NAME", leaf.options->name, "The user")->required()->option_text(" ");
}

void takes_password(const Leaf& leaf) {
  leaf.app.add_flag("--password-stdin", leaf.options->password_stdin,
                    "Read the password from standard input, up to the end of the first line");
}

}  // namespace

void add_user(CLI::App& program, Invocation& invocation) {
  CLI::App& user = *program.add_subcommand("user", "Add, remove and list users, and set their passwords");
  user.require_subcommand(1);

  const Leaf adding = add_leaf(user, invocation, "add", "Add a user, who can receive mail and log in at once", add);
  takes_name(adding);
  takes_password(adding);

  const Leaf removing = add_leaf(user, invocation, "remove", "Remove a user; the mail is kept", remove);
  takes_name(removing);
  removing.app.add_flag("--with-mail", removing.options->with_mail, "Remove all mail in the maildrop too");

  const Leaf changing = add_leaf(user, invocation, "password", "Set another password", set_password);
  takes_name(changing);
  takes_password(changing);

  add_leaf(user, invocation, "list", "List the users", list);
}

}  // namespace fermo::commands
