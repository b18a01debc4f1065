#include "fermo/data_folder.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>

#include "fermo/durable_file.h"

namespace fermo::commands {
namespace {

/// The owner of the folder when we are root and they are not.
std::optional<struct ::stat> foreign_owner(const std::filesystem::path& data) {
  struct ::stat status{};
  if (::geteuid() != 0 || ::stat(data.c_str(), &status) != 0 || status.st_uid == 0) return std::nullopt;
  return status;
}

std::string user_name(uid_t uid) {
  const passwd* const entry = ::getpwuid(uid);
  return entry != nullptr ? std::string(entry->pw_name) : std::to_string(uid);
}

ExitCode complain(const Console& console, const std::string& what, const std::filesystem::path& data, ExitCode code) {
  console.complain(what + " " + data.string() + ": " + std::strerror(errno));
  return code;
}

}  // namespace

std::filesystem::path store_path(const std::filesystem::path& data) {
  return data / "store";
}
std::filesystem::path control_socket_path(const std::filesystem::path& data) {
  return data / "control.sock";
}
std::filesystem::path half_restored_path(const std::filesystem::path& data) {
  return data / "store.restoring";
}

Outcome<void> refuse_half_restored(const std::filesystem::path& data, const Console& console) {
  std::error_code error;
  const auto half = half_restored_path(data);
  if (!std::filesystem::exists(half, error) || std::filesystem::exists(store_path(data), error)) return {};
  console.complain("a restore into " + data.string() + " was cut off: run fermo restore again, or remove " +
                   half.string() + " to begin without mail");
  return ExitCode::unavailable;
}

Outcome<void> make_data_folder(const std::filesystem::path& data, const Console& console) {
  if (!make_folder(data)) return complain(console, "cannot make the data folder", data, ExitCode::cannot_create);
  return require_data_folder(data, console);
}

Outcome<void> make_store_folder(const std::filesystem::path& data, const Console& console) {
  if (make_folder(store_path(data))) return {};
  return complain(console, "cannot make the folder of the store", store_path(data), ExitCode::cannot_create);
}

Outcome<void> require_data_folder(const std::filesystem::path& data, const Console& console) {
  struct ::stat status{};
  if (::stat(data.c_str(), &status) != 0) {
    if (errno != ENOENT) return complain(console, "cannot look at the data folder", data, ExitCode::no_permission);
    console.complain("there is no data folder " + data.string() +
                     "; name the right one with --data, or make one by adding a user (fermo user add) or by serving "
                     "(fermo serve)");
    return ExitCode::no_input;
  }
  if (!S_ISDIR(status.st_mode)) {
    console.complain(data.string() + " is not a folder; name another one with --data");
    return ExitCode::no_input;
  }
  return {};
}

Outcome<void> become_owner_of(const std::filesystem::path& data, const Console& console) {
  const auto owner = foreign_owner(data);
  if (!owner) return {};
  const std::string name = user_name(owner->st_uid);
  if (::initgroups(name.c_str(), owner->st_gid) != 0 || ::setgid(owner->st_gid) != 0 || ::setuid(owner->st_uid) != 0) {
    return complain(console, "cannot become " + name + ", the owner of", data, ExitCode::no_permission);
  }
  return {};
}

Outcome<void> refuse_root_in_foreign(const std::filesystem::path& data, const std::string& command,
                                     const Console& console) {
  const auto owner = foreign_owner(data);
  if (!owner) return {};
  const std::string name = user_name(owner->st_uid);
  console.complain("the data folder " + data.string() + " belongs to " + name +
                   ": files that root makes there could not be read by " + name + "; run fermo " + command + " as " +
                   name + " (runuser -u " + name + " -- fermo " + command + " ...)");
  return ExitCode::no_permission;
}

}  // namespace fermo::commands
