#include "fermo/accounts_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "auth/file_replacement.h"
#include "base/limits.h"
#include "fermo/common_options.h"
#include "fermo/fetch_target.h"
#include "fermo/user_folders.h"
#include "runtime/tls_client_context.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;

/// Why the open file cannot be taken for a file of accounts; empty when it can.
std::string objection(int file, const fs::path& path) {
  struct ::stat status{};
  if (::fstat(file, &status) != 0) return std::strerror(errno);
  if (!S_ISREG(status.st_mode)) return "it is not a regular file";
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return "it belongs to somebody else, whose commands it could run";
  if ((status.st_mode & 022) != 0) {
    return "others may change it, and with it the commands that are run; chmod go-w " + path.string() + " ends that";
  }
  return {};
}

Outcome<std::vector<fetch_accounts::Account>> parse(const fs::path& path, const std::string& text,
                                                    const Console& console) {
  auto read = fetch_accounts::read_accounts(text, surroundings());
  for (const auto& problem : read.problems) console.complain(problem_text(path, problem));
  if (!read.problems.empty()) return ExitCode::configuration;
  return std::move(read.accounts);
}

}  // namespace

fs::path accounts_path(const std::string& option) {
  if (!option.empty()) return option;
  const auto folder = user_folder("XDG_CONFIG_HOME", ".config");
  return folder.empty() ? folder : folder / "accounts.toml";
}

fetch_accounts::Surroundings surroundings() {
  fetch_accounts::Surroundings around;
  around.home = home_folder();
  around.target_problem = [](const std::string& text) {
    const auto target = read_target(text);
    return target ? std::string() : target.problem();
  };
  around.pin_problem = [](const std::string& text) {
    return runtime::parse_pin(text)
               ? ""
               : "is not the SHA-256 of a public key; write sha256//BASE64 or 64 hexadecimal digits";
  };
  return around;
}

Outcome<std::string> read_accounts_text(const fs::path& path, const Console& console) {
  const auto complain = [&](const std::string& why) {
    console.complain("cannot read the accounts in " + path.string() + ": " + why);
    return ExitCode::no_input;
  };
  if (path.empty()) return complain("there is neither XDG_CONFIG_HOME nor HOME; name a file with --accounts");
  const auth::Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::string();
  if (!file) return complain(std::strerror(errno));
  if (const auto why = objection(file.number(), path); !why.empty()) return complain(why);
  auto text = auth::read_whole(file, limits::config_octets_max);
  if (!text) return complain(text.error().message());
  return std::move(*text);
}

Outcome<std::vector<fetch_accounts::Account>> load_accounts(const fs::path& path, const Console& console) {
  const auto text = read_accounts_text(path, console);
  if (!text) return text.error();
  return parse(path, *text, console);
}

Outcome<void> change_accounts(const fs::path& path, const AccountsEdit& edit, const Console& console) {
  const auto complain = [&](const std::string& why) {
    console.complain("cannot change the accounts in " + path.string() + ": " + why);
    return ExitCode::cannot_create;
  };
  if (path.empty()) return complain("there is neither XDG_CONFIG_HOME nor HOME; name a file with --accounts");
  if (const auto folder = path.parent_path(); !folder.empty()) {
    if (const auto made = make_private_folder(folder, console); !made) return made.error();
  }
  auto replacement = auth::FileReplacement::begin(path);
  if (!replacement) return complain(replacement.error().message());
  const auto before = read_accounts_text(path, console);
  if (!before) return before.error();
  const auto after = edit(*before);
  if (!after) return ExitCode::data_error;
  if (const auto read = parse(path, *after, console); !read) return read.error();
  if (const auto done = replacement->commit(*after); !done) return complain(done.error().message());
  return {};
}

}  // namespace fermo::commands
