#pragma once

#include <filesystem>

#include "fermo/console.h"
#include "fermo/exit_code.h"

/// Where a user's files are.
namespace fermo::commands {

/// Where ~ is; empty when HOME is not an absolute path.
std::filesystem::path home_folder();

/// Fermo's own folder in the one that the variable names, or without it in `below_home`, as the XDG Base Directory
/// Specification has it; empty when there is neither. Nothing is made.
std::filesystem::path user_folder(const char* variable, const char* below_home);

/// Makes the folder, for nobody else to see, if it is not there. What is wrong is printed.
Outcome<void> make_private_folder(const std::filesystem::path& folder, const Console& console);

}  // namespace fermo::commands
