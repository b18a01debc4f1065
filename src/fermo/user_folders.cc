#include "fermo/user_folders.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "fermo/durable_file.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;

/// The Specification has relative paths ignored.
fs::path folder_in_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value == '/' ? fs::path(value) : fs::path();
}

}  // namespace

fs::path home_folder() {
  return folder_in_environment("HOME");
}

fs::path user_folder(const char* variable, const char* below_home) {
  if (const auto folder = folder_in_environment(variable); !folder.empty()) return folder / "fermo";
  const auto home = home_folder();
  return home.empty() ? home : home / below_home / "fermo";
}

Outcome<void> make_private_folder(const fs::path& folder, const Console& console) {
  std::error_code error;
  if (!make_folder(folder)) {
    error.assign(errno, std::generic_category());
  } else if (!fs::is_directory(folder, error) && !error) {
    error = std::make_error_code(std::errc::not_a_directory);
  }
  if (!error) return {};
  console.complain("cannot make the folder " + folder.string() + ": " + error.message());
  return ExitCode::cannot_create;
}

}  // namespace fermo::commands
