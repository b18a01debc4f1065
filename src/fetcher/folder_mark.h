#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace fermo::fetcher {

/// The mark of a target that is known by its folder (fetch::Target::mark): another one when another disk is mounted
/// there, or the folder was made anew. An empty path is the current folder. Errors: as fetch::from_errno().
Result<std::string> folder_mark(const std::filesystem::path& folder);

}  // namespace fermo::fetcher
