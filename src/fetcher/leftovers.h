#pragma once

#include <filesystem>
#include <string>

#include "fetcher/file_ops.h"

/// Files that are written under a name of their own before they get the one that counts.
namespace fermo::fetcher {

/// Makes a name that nobody else uses.
std::string random_suffix();

/// Removes what processes that died have left in `folder`: files of ours that are more than a day and a half old.
void remove_old_leftovers(const std::filesystem::path& folder, FileOps& ops);

}  // namespace fermo::fetcher
