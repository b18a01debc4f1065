#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "fermo/account_changes.h"
#include "fermo/account_commands.h"
#include "fermo/child_program.h"
#include "fermo/common_options.h"
#include "fermo/table.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;

struct EditOptions {
  std::string accounts;
  std::string name;
  std::vector<std::string> assignments;
  bool password = false;
};

// --- With assignments ------------------------------------------------------------------------------------------------

ExitCode change_keys(const EditOptions& options, const fs::path& path, const Console& console) {
  const auto changes = read_assignments(options.assignments, console);
  if (!changes) return changes.error();
  const auto edit = [&](const std::string& text) {
    auto changed = fetch_accounts::with_changes(text, options.name, *changes);
    if (!changed) {
      console.complain(printable(options.name) + " has no table of its own, [account.NAME], in " + path.string() +
                       "; fermo account edit without assignments opens the file in an editor");
    }
    return changed;
  };
  if (const auto done = change_accounts(path, edit, console); !done) return done.error();
  return ExitCode::ok;
}

// --- With an editor --------------------------------------------------------------------------------------------------

/// A copy that nobody else can read, beside the file, so that the editor knows what it is; removed in the end.
class Copy {
 public:
  explicit Copy(const fs::path& original) : path_((original.parent_path() / ".accounts-XXXXXX.toml").string()) {
    constexpr int suffix_octets = 5;
    descriptor_ = ::mkstemps(path_.data(), suffix_octets);
  }
  ~Copy() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  bool write(const std::string& text) const {
    return descriptor_ >= 0 && ::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
  /// By its name: editors replace files.
  std::string read() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int descriptor_ = -1;
};

/// As git and crontab do: $VISUAL or $EDITOR may hold arguments.
bool run_editor(const std::string& file, const Console& console) {
  std::string editor;
  for (const char* const name : {"VISUAL", "EDITOR"}) {
    const char* const value = std::getenv(name);
    if (editor.empty() && value != nullptr) editor = value;
  }
  if (editor.empty()) editor = ::access("/usr/bin/sensible-editor", X_OK) == 0 ? "sensible-editor" : "vi";
  std::string in_quotes = "'";
  for (const char c : file) in_quotes += c == '\'' ? std::string("'\\''") : std::string(1, c);
  const int status = std::system((editor + " " + in_quotes + "'").c_str());
  if (status == 0) return true;
  console.complain("the editor " + editor + " " + ChildOutcome{status}.text() + "; nothing was changed");
  return false;
}

/// Nothing when it is not to be.
std::optional<std::string> edited(const Copy& copy, const fs::path& path, const Console& console) {
  for (;;) {
    if (!run_editor(copy.path(), console)) return std::nullopt;
    std::string text = copy.read();
    const auto read = fetch_accounts::read_accounts(text, surroundings());
    if (read.problems.empty()) return text;
    for (const auto& problem : read.problems) console.complain(problem_text(path, problem));
    const bool again = console.terminal.is_interactive() && console.terminal.ask_yes("Edit again? [y/N] ");
    if (again) continue;
    console.complain("nothing was changed");
    return std::nullopt;
  }
}

ExitCode edit_file(const fs::path& path, const Console& console) {
  const auto before = read_accounts_text(path, console);
  if (!before) return before.error();
  const Copy copy(path);
  if (!copy.write(*before)) {
    console.complain("cannot write a copy beside " + path.string());
    return ExitCode::cannot_create;
  }
  const auto after = edited(copy, path, console);
  if (!after) return ExitCode::data_error;
  if (*after == *before) {
    console.out << "nothing was changed\n";
    return ExitCode::ok;
  }
  const auto replace = [&](const std::string& now) {
    if (now == *before) return after;
    console.complain("somebody else has changed " + path.string() + " meanwhile; nothing was changed by this edit");
    return std::optional<std::string>();
  };
  if (const auto done = change_accounts(path, replace, console); !done) return done.error();
  return ExitCode::ok;
}

// --- The command -----------------------------------------------------------------------------------------------------

ExitCode edit(const EditOptions& options, const Console& console) {
  const auto path = accounts_path(options.accounts);
  const bool whole_file = options.assignments.empty() && !options.password;
  if (whole_file) return edit_file(path, console);
  if (options.name.empty()) {
    console.complain("say which account is to be changed");
    return ExitCode::usage;
  }
  if (const auto account = load_account(path, options.name, console); !account) return account.error();
  if (!options.assignments.empty()) {
    if (const auto code = change_keys(options, path, console); code != ExitCode::ok) return code;
  }
  if (options.password) {
    const auto account = load_account(path, options.name, console);
    if (!account) return account.error();
    if (const auto kept = ask_and_keep_password(*account, console); !kept) return kept.error();
  }
  console.out << "changed " << printable(options.name) << '\n';
  return ExitCode::ok;
}

}  // namespace

void add_account_edit(CLI::App& account, Invocation& invocation) {
  CLI::App& app = *account.add_subcommand("edit", "Change an account, or the whole file in an editor");
  auto options = std::make_shared<EditOptions>();
  app.add_option("NAME", options->name, "The account")->option_text(" ");
  app.add_option("SETTINGS", options->assignments, "KEY=VALUE for what is to be changed; KEY= takes the key away")
      ->option_text(" ")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--password", options->password, "Ask for the password, and put it where the account says that it is");
  add_accounts_option(app, options->accounts);
  runs(app, invocation, std::move(options), edit);
}

}  // namespace fermo::commands
