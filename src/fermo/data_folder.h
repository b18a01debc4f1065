#pragma once

#include <filesystem>
#include <string>

#include "fermo/console.h"
#include "fermo/exit_code.h"

/// The folder that holds the store, the users and the control socket.
namespace fermo::commands {

/// The store's own folder, and the socket on which a running server shares it.
std::filesystem::path store_path(const std::filesystem::path& data);
std::filesystem::path control_socket_path(const std::filesystem::path& data);
/// Where a restore puts the store together before it gets its name.
std::filesystem::path half_restored_path(const std::filesystem::path& data);

/// Refuses a folder in which a restore was cut off: a store made there now would be empty. What to do is printed.
Outcome<void> refuse_half_restored(const std::filesystem::path& data, const Console& console);

/// Makes the folder, for its owner alone, where there is none. What is wrong is printed.
Outcome<void> make_data_folder(const std::filesystem::path& data, const Console& console);

/// Makes that of the store in it, so that the process that may write nowhere else finds it. What is wrong is printed.
Outcome<void> make_store_folder(const std::filesystem::path& data, const Console& console);

/// Prints what to do when the folder is not there.
Outcome<void> require_data_folder(const std::filesystem::path& data, const Console& console);

/// Root goes on as the owner of the folder: a file that root made in it could not be read by the server any more. For
/// others nothing changes. Only for a process that does one thing and ends.
Outcome<void> become_owner_of(const std::filesystem::path& data, const Console& console);

/// For what cannot give root up (a server before its ports are open, a fetch that has files elsewhere too): refuses to
/// run as root in somebody else's folder. `command` is the word after `fermo`.
Outcome<void> refuse_root_in_foreign(const std::filesystem::path& data, const std::string& command,
                                     const Console& console);

}  // namespace fermo::commands
