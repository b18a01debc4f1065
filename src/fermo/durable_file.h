#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// Small files that must be whole after a power cut. What fails leaves its reason in errno.
namespace fermo::commands {

/// Everything in the file; nothing when it cannot be read or is longer than `octets_max` (EFBIG).
std::optional<std::string> read_small_file(const std::filesystem::path& path, std::size_t octets_max);

/// Writes the file, for its owner alone, under the name with ".new" behind it, and gives it its name when it is on the
/// disk. One writer at a time.
bool replace_file(const std::filesystem::path& path, std::string_view text);

/// Makes the folder, for its owner alone, and those above it that are missing. Their names are on the disk on return, in
/// every folder that may be read, also where there is something already, which need not be a folder.
bool make_folder(const std::filesystem::path& path);

/// What was made, renamed and removed in the folder is on the disk on return.
bool sync_folder(const std::filesystem::path& folder);

}  // namespace fermo::commands
