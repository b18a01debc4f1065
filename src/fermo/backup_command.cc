#include <algorithm>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/limits.h"
#include "fermo/backup_place.h"
#include "fermo/commands.h"
#include "fermo/common_options.h"
#include "fermo/data_folder.h"
#include "fermo/fetch_history.h"
#include "fermo/json.h"
#include "fermo/store_access.h"
#include "fermo/table.h"

namespace fermo::commands {
namespace {

using rocks::Backup;
using rocks::BackupNumber;

struct BackupOptions {
  CommonOptions common;
  std::string folder;
  std::uint32_t keep = 0;    ///< 0: all.
  std::uint32_t number = 0;  ///< 0: every one.
};

nlohmann::json to_json(const Backup& backup) {
  return {{"backup", backup.number},
          {"taken_at", utc_time(backup.taken_at)},
          {"octets", backup.octets},
          {"files", backup.files}};
}

// --- backup ----------------------------------------------------------------------------------------------------------

/// The new backup. The store is let go of before the backup is read again, so that other commands need not wait.
Outcome<BackupNumber> make(const BackupPlace& place, const config::Config& config, const Console& console) {
  const auto store = StoreAccess::open(config, console);
  if (!store) return store.error();
  const auto note = place.keep_users(config.users, console);
  if (!note) return note.error();
  const auto checkpoint = store->checkpoints().take_checkpoint();
  if (!checkpoint) return complain_of_store(console, "no backup can be made", checkpoint.error());
  const auto made = rocks::make_backup(store_path(config.data) / (*checkpoint)->name(), place.store(), *note);
  if (made.has_error()) return complain_of_backup(console, made.error());
  return *made;
}

/// The new backup, read again from its first octet to its last.
Outcome<Backup> verify_new(const BackupPlace& place, BackupNumber number, const Console& console) {
  const auto folder = open_backups(place, console);
  if (!folder) return folder.error();
  if (const auto verified = folder->verify(number); verified.has_error()) {
    const ExitCode code = complain_of_backup(console, verified.error());
    // It must not be taken for a whole one by those who only look at the list.
    const auto removed = rocks::remove_backup(place.store(), number);
    if (removed.has_error()) complain_of_backup(console, removed.error());
    return code;
  }
  const auto backups = folder->backups();
  const auto found = std::ranges::find(backups, number, &Backup::number);
  FERMO_CHECK(found != backups.end());
  if (const auto users = place.check_users(found->note, console); !users) return users.error();
  return *found;
}

/// Removes what is more than is to be kept. Those that went.
Outcome<std::vector<BackupNumber>> remove_old(const BackupPlace& place, std::uint32_t keep, const Console& console) {
  const auto before = open_backups(place, console);
  if (!before) return before.error();
  if (keep > 0) {
    const auto kept = rocks::keep_newest_backups(place.store(), keep);
    if (kept.has_error()) return complain_of_backup(console, kept.error());
  }
  const auto after = open_backups(place, console);
  if (!after) return after.error();
  const auto left = after->backups();
  std::vector<BackupNumber> removed;
  for (const auto& backup : before->backups()) {
    if (std::ranges::find(left, backup.number, &Backup::number) == left.end()) removed.push_back(backup.number);
  }
  // A list of files that cannot be read may name a password file too.
  if (!after->broken().empty()) return removed;
  if (const auto swept = place.remove_users_but_of(left, console); !swept) return swept.error();
  return removed;
}

void report(const Backup& backup, const std::vector<BackupNumber>& removed, bool json, std::ostream& out) {
  if (json) {
    auto made = to_json(backup);
    made["verified"] = true;
    made["removed"] = removed;
    print_json(out, made);
    return;
  }
  out << "backup " << backup.number << ": " << backup.octets << " octets in " << backup.files << " files, verified\n";
  for (const BackupNumber number : removed) out << "removed backup " << number << '\n';
}

ExitCode back_up(const BackupOptions& options, const Console& console) {
  if (options.folder.empty()) {
    console.complain("name the folder for the backups; see fermo backup --help");
    return ExitCode::usage;
  }
  const auto config = load_config(options.common, console);
  if (!config) return config.error();
  if (const auto there = require_data_folder(config->data, console); !there) return there.error();
  if (const auto became = become_owner_of(config->data, console); !became) return became.error();
  const auto place = BackupPlace::open_to_write(options.folder, console);
  if (!place) return place.error();
  const auto made = make(*place, *config, console);
  if (!made) return made.error();
  const auto backup = verify_new(*place, *made, console);
  if (!backup) return backup.error();
  const auto removed = remove_old(*place, options.keep, console);
  if (!removed) return removed.error();
  report(*backup, *removed, options.common.json, console.out);
  return ExitCode::ok;
}

// --- list ------------------------------------------------------------------------------------------------------------

void print_list(const rocks::BackupFolder& folder, bool json, std::ostream& out) {
  auto all = nlohmann::json::array();
  Table table(
      {{"BACKUP", Table::Align::right}, {"TAKEN"}, {"OCTETS", Table::Align::right}, {"FILES", Table::Align::right}});
  for (const auto& backup : folder.backups()) {
    all.push_back(to_json(backup));
    table.add({std::to_string(backup.number), local_time(backup.taken_at), std::to_string(backup.octets),
               std::to_string(backup.files)});
  }
  for (const BackupNumber number : folder.broken()) {
    all.push_back({{"backup", number}, {"problem", "damaged"}});
    table.add({std::to_string(number), "damaged", "", ""});
  }
  if (json) {
    print_json(out, all);
  } else {
    table.print(out);
  }
}

ExitCode list(const BackupOptions& options, const Console& console) {
  const auto place = BackupPlace::open(options.folder, console);
  if (!place) return place.error();
  const auto folder = open_backups(*place, console);
  if (!folder) return folder.error();
  print_list(*folder, options.common.json, console.out);
  return ExitCode::ok;
}

// --- verify ----------------------------------------------------------------------------------------------------------

/// Leaves out all but the one that was asked for.
void choose(std::vector<Backup>& backups, std::vector<BackupNumber>& broken, BackupNumber number) {
  if (number == 0) return;
  std::erase_if(backups, [number](const Backup& backup) { return backup.number != number; });
  std::erase_if(broken, [number](BackupNumber other) { return other != number; });
}

ExitCode verify(const BackupOptions& options, const Console& console) {
  const auto place = BackupPlace::open(options.folder, console);
  if (!place) return place.error();
  const auto folder = open_backups(*place, console);
  if (!folder) return folder.error();
  auto backups = folder->backups();
  auto broken = folder->broken();
  choose(backups, broken, options.number);
  if (options.number != 0 && backups.empty() && broken.empty()) {
    console.complain("there is no backup " + std::to_string(options.number) + " in " + options.folder +
                     "; fermo backup list shows what there is");
    return ExitCode::no_input;
  }
  auto all = nlohmann::json::array();
  ExitCode code = ExitCode::ok;
  const auto note = [&](BackupNumber number, bool sound) {
    all.push_back({{"backup", number}, {"sound", sound}});
    if (!options.common.json) console.out << "backup " << number << (sound ? ": sound\n" : ": damaged\n");
    if (!sound) code = ExitCode::io_error;
  };
  for (const auto& backup : backups) {
    const auto verified = folder->verify(backup.number);
    if (verified.has_error()) complain_of_backup(console, verified.error());
    note(backup.number, verified.has_value() && place->check_users(backup.note, console).has_value());
  }
  for (const BackupNumber number : broken) {
    console.complain("the list of files of backup " + std::to_string(number) + " in " + place->store().string() +
                     " is damaged");
    note(number, false);
  }
  if (options.common.json) print_json(console.out, all);
  return code;
}

// --- The tree --------------------------------------------------------------------------------------------------------

void add_list(CLI::App& backup, Invocation& invocation) {
  CLI::App& app = *backup.add_subcommand("list", "List the backups in a folder");
  auto options = std::make_shared<BackupOptions>();
  app.add_option("DIR", options->folder, "The folder of the backups")->required()->option_text(" ");
  app.add_flag("--json", options->common.json, "Print JSON for programs");
  runs(app, invocation, std::move(options), list);
}

void add_verify(CLI::App& backup, Invocation& invocation) {
  CLI::App& app =
      *backup.add_subcommand("verify", "Read the backups in a folder and hold them against their checksums");
  auto options = std::make_shared<BackupOptions>();
  app.add_option("DIR", options->folder, "The folder of the backups")->required()->option_text(" ");
  app.add_option("--backup", options->number, "The one to verify (default: all)")->type_name("NUMBER");
  app.add_flag("--json", options->common.json, "Print JSON for programs");
  runs(app, invocation, std::move(options), verify);
}

}  // namespace

void add_backup(CLI::App& program, Invocation& invocation) {
  CLI::App& app = *program.add_subcommand("backup", "Back up the maildrops and the users, while serving or not");
  auto options = std::make_shared<BackupOptions>();
  options->common.add_to(app);
  app.add_option("DIR", options->folder, "The folder of the backups; it is made when there is none")->option_text(" ");
  app.add_option("--keep", options->keep, "Keep the newest NUMBER backups and remove the others (default: keep all)")
      ->type_name("NUMBER")
      ->check(CLI::Range(std::uint32_t{1}, limits::backups_kept_max));
  runs(app, invocation, std::move(options), back_up);
  add_list(app, invocation);
  add_verify(app, invocation);
}

}  // namespace fermo::commands
