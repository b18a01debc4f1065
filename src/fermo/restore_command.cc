#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "auth/file_replacement.h"
#include "base/clock.h"
#include "fermo/backup_place.h"
#include "fermo/commands.h"
#include "fermo/common_options.h"
#include "fermo/data_folder.h"
#include "fermo/durable_file.h"
#include "fermo/fetch_history.h"
#include "fermo/json.h"
#include "fermo/store_turn.h"
#include "maildrop_rocks/rocks_maildrop.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;
using rocks::Backup;

struct RestoreOptions {
  CommonOptions common;
  std::string folder;
  std::uint32_t number = 0;  ///< 0: the newest.
};

/// What is to be restored.
struct Chosen {
  Backup backup;
  std::optional<std::string> users;
};

Outcome<Chosen> choose(const BackupPlace& place, const rocks::BackupFolder& folder, const RestoreOptions& options,
                       const Console& console) {
  const auto backups = folder.backups();
  const auto found = options.number == 0 ? (backups.empty() ? backups.end() : backups.end() - 1)
                                         : std::ranges::find(backups, options.number, &Backup::number);
  if (found == backups.end()) {
    const std::string which = options.number == 0 ? "no backup" : "no whole backup " + std::to_string(options.number);
    console.complain("there is " + which + " in " + place.folder().string() +
                     "; fermo backup list shows what there is");
    return ExitCode::no_input;
  }
  auto users = place.users_of(found->note, console);
  if (!users) return users.error();
  return Chosen{*found, std::move(*users)};
}

Outcome<void> refuse_a_store(const fs::path& data, const Console& console) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(store_path(data), error))) return {};
  console.complain("the data folder " + data.string() +
                   " holds a store already; restore into another one (--data), or "
                   "move " +
                   store_path(data).string() + " away first");
  return ExitCode::cannot_create;
}

ExitCode complain_of_users(const fs::path& path, const error_code& error, const Console& console) {
  console.complain("cannot restore the password file " + path.string() + ": " + error.message());
  return exit_code_of(error);
}

/// The password file, locked against other commands, when it has to be written: nothing when it is what the backup
/// has. One that says something else is not overwritten.
Outcome<std::optional<auth::FileReplacement>> claim_users(const fs::path& path, const Chosen& chosen,
                                                          const Console& console) {
  if (!chosen.users) return std::optional<auth::FileReplacement>();
  auto file = auth::FileReplacement::begin(path);
  if (!file) return complain_of_users(path, file.error(), console);
  const auto current = file->current();
  if (!current) return complain_of_users(path, current.error(), console);
  if (!*current) return std::optional(std::move(*file));
  if (**current == *chosen.users) return std::optional<auth::FileReplacement>();
  console.complain("there is a password file " + path.string() +
                   " already, and it is not the one of the backup; move it away first");
  return ExitCode::cannot_create;
}

/// Opens the store once, which replays its log and tells whether this version knows its format.
Outcome<void> try_to_open(const fs::path& store, const Console& console) {
  const SystemClock clock;
  rocks::Settings settings;
  settings.path = store;
  settings.clock = &clock;
  const auto opened = rocks::RocksMaildrop::open(std::move(settings));
  if (opened) return {};
  console.complain(opened.error().text);
  return exit_code_of(opened.error().code);
}

Outcome<void> rebuild(const rocks::BackupFolder& folder, const Backup& backup, const fs::path& store,
                      const Console& console) {
  if (const auto restored = folder.restore(backup.number, store); restored.has_error()) {
    return complain_of_backup(console, restored.error());
  }
  return try_to_open(store, console);
}

/// The store is put together under another name. It gets its own as the last thing that happens, so a folder with a
/// store is a folder that was restored wholly.
Outcome<void> restore_into(const config::Config& config, const rocks::BackupFolder& folder, const Chosen& chosen,
                           const Console& console) {
  auto users = claim_users(config.users, chosen, console);
  if (!users) return users.error();
  const auto half = half_restored_path(config.data);
  std::error_code error;
  fs::remove_all(half, error);  // what a restore that was cut off has left
  if (const auto rebuilt = rebuild(folder, chosen.backup, half, console); !rebuilt) {
    fs::remove_all(half, error);
    return rebuilt.error();
  }
  if (*users) {
    if (const auto put = (*users)->commit(*chosen.users); !put) {
      return complain_of_users(config.users, put.error(), console);
    }
  }
  const bool named = std::rename(half.c_str(), store_path(config.data).c_str()) == 0 && sync_folder(config.data);
  if (named) return {};
  console.complain("cannot rename " + half.string() + " to " + store_path(config.data).string() + ": " +
                   std::strerror(errno));
  return ExitCode::io_error;
}

void report(const RestoreOptions& options, const config::Config& config, const Chosen& chosen, std::ostream& out) {
  const auto& backup = chosen.backup;
  if (options.common.json) {
    print_json(out, {{"backup", backup.number},
                     {"taken_at", utc_time(backup.taken_at)},
                     {"data", config.data.string()},
                     {"users", chosen.users.has_value()}});
    return;
  }
  out << "restored backup " << backup.number << " of " << local_time(backup.taken_at) << " into "
      << config.data.string() << (chosen.users ? "" : "; it has no password file") << '\n';
}

ExitCode restore(const RestoreOptions& options, const Console& console) {
  const auto config = load_config(options.common, console);
  if (!config) return config.error();
  const auto place = BackupPlace::open(options.folder, console);
  if (!place) return place.error();
  if (const auto made = make_data_folder(config->data, console); !made) return made.error();
  if (const auto became = become_owner_of(config->data, console); !became) return became.error();
  const auto turn = StoreTurn::take(config->data, console);
  if (!turn) return turn.error();
  if (const auto empty = refuse_a_store(config->data, console); !empty) return empty.error();
  const auto folder = open_backups(*place, console);
  if (!folder) return folder.error();
  const auto chosen = choose(*place, *folder, options, console);
  if (!chosen) return chosen.error();
  if (const auto restored = restore_into(*config, *folder, *chosen, console); !restored) return restored.error();
  report(options, *config, *chosen, console.out);
  return ExitCode::ok;
}

}  // namespace

void add_restore(CLI::App& program, Invocation& invocation) {
  CLI::App& app = *program.add_subcommand("restore", "Make a data folder from a backup");
  auto options = std::make_shared<RestoreOptions>();
  options->common.add_to(app);
  app.add_option("DIR", options->folder, "The folder of the backups")->required()->option_text(" ");
  app.add_option("--backup", options->number, "The one to restore (default: the newest)")->type_name("NUMBER");
  runs(app, invocation, std::move(options), restore);
}

}  // namespace fermo::commands
