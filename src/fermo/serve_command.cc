#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "base/limits.h"
#include "confine/confinement.h"
#include "fermo/commands.h"
#include "fermo/common_options.h"
#include "fermo/data_folder.h"
#include "fermo/process_tree.h"
#include "fermo/roles.h"
#include "fermo/server_lock.h"
#include "fermo/store_access.h"
#include "fermo/store_turn.h"
#include "ipc/frame_socket.h"
#include "server/listening_port.h"
#include "server/log.h"
#include "server/open_files.h"
#include "server/service_manager.h"
#include "server/signals.h"
#include "server/thread_counts.h"
#include "server/tls_source.h"

namespace fermo::commands {
namespace {

struct ServeOptions {
  CommonOptions common;
  std::vector<std::string> listen;
  std::filesystem::path roles;
};

// --- Configuration ---------------------------------------------------------------------------------------------------

Outcome<std::vector<config::Listen>> parse_listeners(const std::vector<std::string>& texts, const Console& console) {
  std::vector<config::Listen> listeners;
  ExitCode code = ExitCode::ok;
  for (const auto& text : texts) {
    auto parsed = config::parse_listen(text);
    if (parsed.listen) {
      listeners.push_back(std::move(*parsed.listen));
    } else {
      console.complain("--listen " + text + ": " + parsed.problem);
      code = ExitCode::usage;
    }
  }
  if (code != ExitCode::ok) return code;
  return listeners;
}

/// For processes that do not begin in this folder.
void make_absolute(config::Config& config) {
  for (std::filesystem::path* const path : {&config.data, &config.users}) *path = std::filesystem::absolute(*path);
}

/// The configuration file under what the command line says, completed and without a problem left. Read again for each
/// SIGHUP.
Outcome<config::Config> serving_config(const ServeOptions& options, const Console& console) {
  auto listeners = parse_listeners(options.listen, console);
  if (!listeners) return listeners.error();
  auto config = parse_config(options.common, console);
  if (!config) return config;
  if (!listeners->empty()) config->listen = std::move(*listeners);
  const auto problems = config::complete(*config);
  if (!options.roles.empty()) make_absolute(*config);
  for (const auto& problem : problems) console.complain(problem_text(config_path(options.common), problem));
  if (!problems.empty()) return ExitCode::configuration;
  return config;
}

// --- What the processes are given ------------------------------------------------------------------------------------

/// All of them are tried, so that one run shows everything that is wrong.
std::vector<std::string> try_ports(const config::Config& config, std::vector<server::ListeningPort>& ports) {
  std::vector<std::string> problems;
  ports.clear();
  for (const config::Listen& listen : config.listen) {
    auto port = server::open_port(listen, server::protocol_threads(config));
    if (port) {
      ports.push_back(std::move(*port));
    } else {
      problems.push_back(port.problem());
    }
  }
  if (problems.empty()) return problems;
  for (const auto& port : ports) {
    if (!port.listen.unix_path.empty()) ::unlink(port.listen.unix_path.c_str());
  }
  ports.clear();
  return problems;
}

Outcome<std::vector<server::ListeningPort>> open_ports(const config::Config& config, const Console& console) {
  std::vector<server::ListeningPort> ports;
  const auto problems = try_ports(config, ports);
  for (const auto& problem : problems) console.complain(problem);
  if (!problems.empty()) return ExitCode::unavailable;
  return ports;
}

// --- Serving ---------------------------------------------------------------------------------------------------------

/// What is wrong goes to the log: what is written to standard error may wait for ever for somebody to read it.
Outcome<config::Config> new_config(const ServeOptions& options, spdlog::logger& log, const Console& console) {
  std::stringstream said;
  auto config = serving_config(options, {console.in, console.out, said, console.terminal});
  for (std::string line; std::getline(said, line);) log.error("not reloaded: {}", line);
  return config;
}

void reload(ProcessTree& tree, const ServeOptions& options, spdlog::logger& log, const Console& console) {
  server::notify_reloading();
  if (auto config = new_config(options, log, console)) {
    const auto files = server::certificate_files(*config, log);
    if (files) {
      server::set_log_level(log, config->log_level);
      tree.reload(std::move(*config), *files);
    } else {
      log.error("not reloaded: {}", files.problem());
    }
  } else {
    log.error("not reloaded: the configuration has problems; the one before goes on");
  }
  server::notify_ready("serving");
}

/// For programs that wait for the server: what it listens on, then the line `ready` alone.
void say_ready(const std::vector<std::string>& listening, std::ostream& out) {
  for (const auto& listen : listening) out << listen << '\n';
  out << "ready" << std::endl;
  server::notify_ready("serving");
}

void serve_until_stopped(ProcessTree& tree, const std::vector<std::string>& listening, const ServeOptions& options,
                         spdlog::logger& log, const Console& console) {
  const auto stop = [&tree] {
    server::notify_stopping();
    tree.drain();
  };
  const server::Signals signals(stop, [&] { reload(tree, options, log, console); });
  log.flush();  // what was to be said comes before it
  say_ready(listening, console.out);
  tree.wait();
}

/// The socket on which commands reach the store. Removed with this, before the store is closed.
class ControlSocket {
 public:
  static Outcome<ControlSocket> open(const std::filesystem::path& path, const Console& console) {
    auto listener = ipc::listen_at(path);
    if (listener) return ControlSocket(path, std::move(*listener));
    console.complain("cannot make the control socket " + path.string() + ": " + listener.error().message());
    return ExitCode::cannot_create;
  }
  ControlSocket(ControlSocket&&) = default;
  ControlSocket& operator=(ControlSocket&&) = delete;
  ~ControlSocket() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  Descriptor take() { return std::move(listener_); }

 private:
  ControlSocket(std::filesystem::path path, Descriptor listener)
      : path_(std::move(path)), listener_(std::move(listener)) {}
  std::filesystem::path path_;
  Descriptor listener_;
};

/// Each role has its socket.
Outcome<void> look_at_roles(const std::filesystem::path& folder, const Console& console) {
  for (const Role role : all_roles) {
    const auto socket = folder / name_of(role);
    std::error_code unknown;
    if (std::filesystem::is_socket(socket, unknown)) continue;
    console.complain("there is no socket " + socket.string() + ", where a service manager would start the " +
                     std::string(name_of(role)) + " process; leave out --roles to have it started here");
    return ExitCode::no_input;
  }
  return {};
}

ExitCode run(const ServeOptions& options, const config::Config& config, const Console& console) {
  std::signal(SIGPIPE, SIG_IGN);  // nobody may be left who reads the log
  confine::give_up_privileges();
  auto turn = StoreTurn::take(config.data, console);
  if (!turn) return turn.error();
  const auto log = server::make_waiting_log(config);  // a thread would keep what this one gives up
  const auto lock = ServerLock::take(config.data, console);
  if (!lock) return lock.error();
  if (const auto whole = refuse_half_restored(config.data, console); !whole) return whole.error();
  const auto files = server::certificate_files(config, *log);
  if (!files) {
    console.complain(files.problem());
    return ExitCode::unavailable;
  }
  server::allow_open_files();  // every process inherits it
  auto ports = open_ports(config, console);
  if (!ports) return ports.error();
  auto control = ControlSocket::open(control_socket_path(config.data), console);
  if (!control) return control.error();
  if (const auto made = make_store_folder(config.data, console); !made) return made.error();
  std::vector<std::string> listening;
  for (const auto& port : *ports) listening.push_back(port.listen.text());
  ProcessTree tree(config, std::move(*ports), control->take(), lock->processes(), options.roles, log);
  const auto protection = confine_launcher(launcher_rules(config, !options.roles.empty()));
  server::begin_log(*log);
  if (const auto started = tree.start(*files, protection, console); !started) return started.error();
  {
    const StoreTurn given_up = std::move(*turn);
  }
  serve_until_stopped(tree, listening, options, *log, console);
  turn = StoreTurn::take(config.data, console);  // kept until the store is closed
  tree.stop();
  return turn ? ExitCode::ok : turn.error();
}

ExitCode serve(const ServeOptions& options, const Console& console) {
  const auto config = serving_config(options, console);
  if (!config) return config.error();
  if (!options.roles.empty()) {
    if (const auto there = look_at_roles(options.roles, console); !there) return there.error();
  }
  if (const auto made = make_data_folder(config->data, console); !made) return made.error();
  if (const auto allowed = refuse_root_in_foreign(config->data, "serve", console); !allowed) return allowed.error();
  return run(options, *config, console);
}

}  // namespace

void add_serve(CLI::App& program, Invocation& invocation) {
  CLI::App& app = *program.add_subcommand("serve", "Hold mail: take it in by LMTP, give it out by POP3");
  auto options = std::make_shared<ServeOptions>();
  app.add_option("--listen", options->listen,
                 "Where to listen, in place of what the configuration says; may be given several times. PROTO is pop3, "
                 "pop3s or "
                 "lmtp; lmtp=unix:PATH is a socket in the file system")
      ->type_name("PROTO=ADDRESS:PORT")
      ->expected(1)
      ->take_all();
  app.add_option(
         "--roles", options->roles,
         "Do not start the other processes, but have a service manager start them: by connecting to the sockets "
         "keys, store, auth and net in this folder")
      ->type_name("DIR");
  options->common.add_places_to(app);
  runs(app, invocation, std::move(options), serve);
}

}  // namespace fermo::commands
