#include "fermo/store_access.h"

#include <string_view>

#include "fermo/data_folder.h"
#include "fermo/server_lock.h"
#include "maildrop/error.h"
#include "maildrop_ipc/remote_store.h"

namespace fermo::commands {
namespace {

bool nobody_serves(const error_code& error) {
  return error == boost::system::errc::no_such_file_or_directory || error == boost::system::errc::connection_refused;
}

ExitCode complain_of_socket(const Console& console, const std::filesystem::path& path, const error_code& error) {
  const std::string where = "cannot use the running server at " + path.string() + ": ";
  if (error == maildrop::Error::unsupported) {
    console.complain(where + "it is of another version than this command; restart it");
    return ExitCode::unavailable;
  }
  if (error == boost::system::errc::permission_denied) {
    console.complain(where + "it serves only its own user and root; run this command as one of them");
    return ExitCode::no_permission;
  }
  console.complain(where + error.message());
  return ExitCode::temporary_failure;
}

Outcome<std::unique_ptr<rocks::RocksMaildrop>> open_directly(const config::Config& config, const Clock& clock,
                                                             rocks::Log log, const Console& console) {
  if (const auto whole = refuse_half_restored(config.data, console); !whole) return whole.error();
  auto opened = open_folder(config, clock, std::move(log));
  if (opened) return std::move(*opened);
  console.complain(opened.error().text);
  return exit_code_of(opened.error().code);
}

rocks::Log warnings_to(const Console& console) {
  return [&console](rocks::Severity severity, std::string_view line) {
    if (severity != rocks::Severity::info) console.complain(line);
  };
}

}  // namespace

Outcome<StoreAccess> StoreAccess::open(const config::Config& config, const Console& console) {
  auto turn = StoreTurn::take(config.data, console);
  if (!turn) return turn.error();
  ServerLock::await_killed(config.data);
  auto clock = std::make_unique<SystemClock>();
  const auto socket = control_socket_path(config.data);
  auto remote = maildrop_ipc::RemoteStore::connect(socket);
  if (remote) return StoreAccess(std::nullopt, std::move(clock), std::move(*remote));
  if (!nobody_serves(remote.error())) return complain_of_socket(console, socket, remote.error());
  auto store = open_directly(config, *clock, warnings_to(console), console);
  if (!store) return store.error();
  return StoreAccess(std::move(*turn), std::move(clock), std::move(*store));
}

rocks::RocksMaildrop::Opened open_folder(const config::Config& config, const Clock& clock, rocks::Log log) {
  rocks::Settings settings;
  settings.path = store_path(config.data);
  settings.clock = &clock;
  settings.log = std::move(log);
  settings.free_octets_min = config.free_octets_min;
  return rocks::RocksMaildrop::open(std::move(settings));
}

ExitCode complain_of_store(const Console& console, const std::string& what, const error_code& error) {
  console.complain(what + ": " + error.message());
  return exit_code_of(error);
}

}  // namespace fermo::commands
