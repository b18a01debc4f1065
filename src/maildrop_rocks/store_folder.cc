#include "maildrop_rocks/store_folder.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace fermo::rocks {
namespace {

constexpr std::string_view list_prefix = "MANIFEST-";

std::optional<std::uint64_t> list_number(std::string_view name) {
  if (!name.starts_with(list_prefix)) return std::nullopt;
  name.remove_prefix(list_prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

/// CURRENT gets its name, durably, before RocksDB makes any other file than these. The last one is the file system's.
bool is_of_a_first_opening(std::string_view name) {
  return name == "LOCK" || name.starts_with("LOG") || name == "IDENTITY" || name.ends_with(".dbtmp") ||
         list_number(name) == 1 || name == "lost+found" || name == "." || name == "..";
}

/// What the operator may do besides taking a backup.
std::string advice(const std::vector<std::string>& names) {
  std::uint64_t newest = 0;
  std::string_view name_of_newest;
  for (const std::string& name : names) {
    if (const auto number = list_number(name); number > newest) {
      newest = *number;
      name_of_newest = name;
    }
  }
  if (name_of_newest.empty()) return "";
  return ", or, if nothing else is missing, put CURRENT back: one line with the name of the newest list of files, "
         "which is " +
         std::string(name_of_newest);
}

std::string damage_without_current(const std::vector<std::string>& names) {
  const auto foreign =
      std::ranges::find_if(names, [](const std::string& name) { return !is_of_a_first_opening(name); });
  if (foreign == names.end()) return "";
  return "its file CURRENT is missing, though there are others (" + *foreign + ")";
}

std::string damage_of_current(const std::string& content, const std::vector<std::string>& names) {
  const std::string_view line = content;
  if (!line.ends_with('\n') || !list_number(line.substr(0, line.size() - 1))) {
    return "its file CURRENT does not name a list of files";
  }
  const std::string list(line.substr(0, line.size() - 1));
  if (std::ranges::find(names, list) != names.end()) return "";
  return "the list of its files that CURRENT names, " + list + ", is missing";
}

}  // namespace

rocksdb::Status examine_folder(rocksdb::FileSystem& files, const std::string& path, StoreFolder& found) {
  std::vector<std::string> names;
  if (auto status = files.GetChildren(path, rocksdb::IOOptions(), &names, nullptr); !status.ok()) return status;
  std::ranges::sort(names);
  const bool has_current = std::ranges::binary_search(names, "CURRENT");
  found = {};
  if (has_current) {
    std::string content;
    if (auto status = rocksdb::ReadFileToString(&files, path + "/CURRENT", &content); !status.ok()) return status;
    found.damage = damage_of_current(content, names);
  } else {
    found.damage = damage_without_current(names);
    found.is_new = found.damage.empty();
  }
  if (!found.damage.empty()) found.damage += ". Nothing was changed. Restore the folder from a backup" + advice(names);
  return {};
}

}  // namespace fermo::rocks
