#include "fermo/fetch_secret.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/descriptor.h"
#include "base/limits.h"
#include "fermo/child_program.h"
#include "fetch_accounts/account_file.h"

namespace fermo::commands {
namespace {

/// Takes the first line out of `text`, which is wiped. Nothing when it is empty.
std::optional<Secret> first_line(std::string& text) {
  const std::string_view whole(text);
  std::string_view line = whole.substr(0, whole.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::optional<Secret> secret;
  if (!line.empty()) secret.emplace(line);
  wipe(text);
  return secret;
}

/// What is wrong with the file as a place for a secret; empty when nothing is.
std::string objection(int fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return std::string("cannot be looked at: ") + std::strerror(errno);
  if (!S_ISREG(status.st_mode)) return "is no file";
  if (status.st_uid != ::geteuid() && status.st_uid != 0) return "belongs to somebody else";
  if ((status.st_mode & 077) != 0) return "can be read or changed by others; chmod 600 " + path + " ends that";
  if (status.st_size > static_cast<off_t>(limits::secret_file_octets_max)) return "is too large for a password";
  return {};
}

/// The first line of a small open file, or why there is none.
std::optional<Secret> read_line(int fd, std::string& why) {
  std::string text(limits::secret_file_octets_max, '\0');
  const ssize_t octets = ::read(fd, text.data(), text.size());
  if (octets < 0) return why = std::string("cannot be read: ") + std::strerror(errno), std::nullopt;
  auto secret = first_line(text.erase(static_cast<std::size_t>(octets)));
  if (!secret) why = "has no password in its first line";
  return secret;
}

Outcome<Secret> read_file(const std::string& what, const std::string& path, bool must_be_private,
                          const Console& console) {
  const auto complain = [&](const std::string& why) {
    console.complain(what + " " + path + " " + why);
    return ExitCode::configuration;
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return complain(std::string("cannot be read: ") + std::strerror(errno));
  if (const auto wrong = objection(file.get(), path); must_be_private && !wrong.empty()) return complain(wrong);
  std::string why;
  auto secret = read_line(file.get(), why);
  if (!secret) return complain(why);
  return std::move(*secret);
}

/// systemd sees to it that nobody else can read the folder (systemd.exec(5)); the mode of the files may say otherwise,
/// where they have access control lists.
Outcome<Secret> read_credential(const std::string& name, const Console& console) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder != nullptr && *folder == '/') return read_file("the credential", folder + ("/" + name), false, console);
  console.complain("there are no credentials of systemd's here; LoadCredential=" + name +
                   ":FILE in the unit of the service gives them");
  return ExitCode::configuration;
}

Outcome<Secret> run(std::vector<std::string> arguments, const std::string& what, const Console& console) {
  const auto complain = [&](const std::string& why) {
    console.complain(what + " " + why);
    return ExitCode::configuration;
  };
  std::string printed;
  const auto ended = run_child(std::move(arguments), nullptr, printed, limits::secret_file_octets_max,
                               limits::secret_command_time_max);
  if (!ended) return complain("cannot be started: " + ended.error().message());
  auto secret = first_line(printed);
  if (!ended->ended_well()) return complain(ended->text());
  if (!secret) return complain("printed no password");
  return std::move(*secret);
}

/// Values that were taken out of the environment, for the next time.
struct TakenVariables {
  std::mutex mutex;
  std::map<std::string, Secret> values;
};

TakenVariables& taken_variables() {
  static TakenVariables taken;
  return taken;
}

Outcome<Secret> take_variable(const std::string& name, const Console& console) {
  TakenVariables& taken = taken_variables();
  const std::lock_guard lock(taken.mutex);
  if (const auto known = taken.values.find(name); known != taken.values.end()) return known->second;
  char* const value = fetch_accounts::is_variable(name) ? std::getenv(name.c_str()) : nullptr;
  if (value == nullptr || *value == '\0') {
    console.complain("there is no password in the variable " + name + " of the environment");
    return ExitCode::configuration;
  }
  const std::string_view text(value);
  const Secret secret(text.substr(0, text.find('\n')));
  ::explicit_bzero(value, text.size());
  ::unsetenv(name.c_str());
  return taken.values.emplace(name, secret).first->second;
}

// --- The keyring -----------------------------------------------------------------------------------------------------

constexpr const char* keyring_program = "secret-tool";

std::vector<std::string> attributes_of(const KeyringEntry& entry) {
  return {"host", entry.host, "service", "pop3", "user", entry.user};
}

std::string who(const KeyringEntry& entry) {
  return entry.user + " at " + entry.host;
}

ExitCode complain_of_keyring(const std::string& why, const Console& console) {
  console.complain("the keyring cannot be used: " + why);
  return ExitCode::configuration;
}

/// secret-tool says nothing and ends with 1 when it has no such entry.
Outcome<Secret> look_up(const KeyringEntry& entry, const Console& console) {
  std::vector<std::string> arguments{keyring_program, "lookup"};
  for (auto& attribute : attributes_of(entry)) arguments.push_back(std::move(attribute));
  std::string printed;
  const auto ended = run_child(std::move(arguments), nullptr, printed, limits::secret_file_octets_max,
                               limits::secret_command_time_max);
  if (!ended) return complain_of_keyring("secret-tool (Debian: libsecret-tools) " + ended.error().message(), console);
  auto secret = first_line(printed);
  if (secret && ended->ended_well()) return std::move(*secret);
  if (ended->timed_out) return complain_of_keyring("it did not answer; is it locked?", console);
  console.complain("the keyring has no password of " + who(entry) +
                   ", or cannot be reached from here; fermo account edit --password asks for it and puts it there");
  return ExitCode::configuration;
}

Outcome<Secret> ask(const std::string& prompt, const Console& console) {
  if (!console.terminal.is_interactive()) {
    console.complain("no password: give --password-file or --password-command, or say in the account where it is");
    return ExitCode::usage;
  }
  auto typed = console.terminal.ask_secret(prompt);
  if (typed && !typed->reveal().empty()) return std::move(*typed);
  console.complain("no password was typed");
  return ExitCode::declined;
}

}  // namespace

bool SecretSource::is_question() const {
  return file.empty() && command.empty() && credential.empty() && environment.empty() && !keyring;
}

void SecretOptions::add_to(CLI::App& app) {
  CLI::Option* const options[] = {
      app.add_option("--password-file", source.file, "File with the password in its first line, mode 0600")
          ->type_name("FILE"),
      app.add_option("--password-command", source.command, "Shell command that prints the password")
          ->type_name("COMMAND"),
      app.add_option("--password-credential", source.credential, "Credential of systemd's that is the password")
          ->type_name("NAME"),
      app.add_option("--password-environment", source.environment, "Variable of the environment with the password")
          ->type_name("NAME"),
      app.add_flag("--password-keyring", keyring, "The password is in the keyring of the desktop")};
  for (CLI::Option* const one : options) {
    for (CLI::Option* const other : options) {
      if (one != other) one->excludes(other);
    }
  }
}

SecretSource SecretOptions::source_for(const std::string& user, const std::string& host) const {
  SecretSource whole = source;
  if (keyring) whole.keyring = KeyringEntry{host, user};
  return whole;
}

SecretSource secret_source_of(const fetch_accounts::Account& account) {
  using Kind = fetch_accounts::SecretSource::Kind;
  SecretSource source;
  const std::string& text = account.secret.text;
  if (account.secret.kind == Kind::file) source.file = text;
  if (account.secret.kind == Kind::command) source.command = text;
  if (account.secret.kind == Kind::credential) source.credential = text;
  if (account.secret.kind == Kind::environment) source.environment = text;
  if (account.secret.kind == Kind::keyring) source.keyring = KeyringEntry{account.server.host, account.user};
  return source;
}

Outcome<Secret> read_secret(const SecretSource& source, const std::string& prompt, const Console& console) {
  if (!source.file.empty()) return read_file("the password file", source.file, true, console);
  if (!source.command.empty()) return run({"/bin/sh", "-c", source.command}, "the command for the password", console);
  if (!source.credential.empty()) return read_credential(source.credential, console);
  if (!source.environment.empty()) return take_variable(source.environment, console);
  if (source.keyring) return look_up(*source.keyring, console);
  return ask(prompt, console);
}

Outcome<void> keep_in_keyring(const KeyringEntry& entry, const Secret& secret, const Console& console) {
  std::vector<std::string> arguments{keyring_program, "store", "--label=Fermo: " + who(entry)};
  for (auto& attribute : attributes_of(entry)) arguments.push_back(std::move(attribute));
  std::string printed;
  const std::string_view text = secret.reveal();
  const auto ended =
      run_child(std::move(arguments), &text, printed, limits::secret_file_octets_max, limits::secret_command_time_max);
  if (!ended) return complain_of_keyring("secret-tool (Debian: libsecret-tools) " + ended.error().message(), console);
  if (!ended->ended_well()) return complain_of_keyring("secret-tool " + ended->text(), console);
  return {};
}

}  // namespace fermo::commands
