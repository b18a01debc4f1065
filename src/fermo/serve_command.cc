#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "auth/local_authenticator.h"
#include "auth/local_directory.h"
#include "auth/password_file.h"
#include "auth/throttled_authenticator.h"
#include "base/clock.h"
#include "base/limits.h"
#include "fermo/commands.h"
#include "fermo/common_options.h"
#include "fermo/confined_tls.h"
#include "fermo/data_folder.h"
#include "fermo/store_access.h"
#include "fermo/store_turn.h"
#include "maildrop_ipc/store_service.h"
#include "server/log.h"
#include "server/server.h"
#include "server/service_manager.h"
#include "server/signals.h"

namespace fermo::commands {
namespace {

struct ServeOptions {
  CommonOptions common;
  std::vector<std::string> listen;
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

/// The configuration file under what the command line says, completed and without a problem left. Read again for each
/// SIGHUP.
Outcome<config::Config> serving_config(const ServeOptions& options, const Console& console) {
  auto listeners = parse_listeners(options.listen, console);
  if (!listeners) return listeners.error();
  auto config = parse_config(options.common, console);
  if (!config) return config;
  if (!listeners->empty()) config->listen = std::move(*listeners);
  const auto problems = config::complete(*config);
  for (const auto& problem : problems) console.complain(problem_text(config_path(options.common), problem));
  if (!problems.empty()) return ExitCode::configuration;
  return config;
}

// --- The server and what it works with -------------------------------------------------------------------------------

auth::PasswordFile::Report report_to(const std::shared_ptr<spdlog::logger>& log, const std::filesystem::path& users) {
  return [log, users](const auth::LineProblem& problem) {
    log->warn("{}:{}: {}", users.string(), problem.line, problem.message);
  };
}

auth::AuthenticatorSettings authenticator_settings(const config::Config& config) {
  auth::AuthenticatorSettings settings;
  settings.hash_threads = config.hash_threads;
  return settings;
}

/// Everything that one serving process is made of, in the order in which it must come to be and, backwards, go.
class Serving {
 public:
  Serving(const config::Config& config, std::shared_ptr<spdlog::logger> log, const Clock& clock,
          std::unique_ptr<rocks::RocksMaildrop> store)
      : log_(std::move(log)),
        store_(std::move(store)),
        users_(config.users, report_to(log_, config.users)),
        authenticator_(users_, clock, authenticator_settings(config)),
        throttled_(authenticator_, clock, {config.guesses_per_address_max, config.guesses_per_account_max}),
        directory_(users_),
        tls_(log_),
        server_(config, {*store_, throttled_, directory_, clock, log_, &tls_}) {}

  /// Opens the control socket, then every listener.
  Outcome<void> start(const config::Config& config, const Console& console) {
    const auto socket = control_socket_path(config.data);
    auto control = maildrop_ipc::StoreService::start(*store_, socket, limits::store_ipc_connections_max, store_.get());
    if (!control) {
      console.complain("cannot make the control socket " + socket.string() + ": " + control.error().message());
      return ExitCode::cannot_create;
    }
    control_ = std::move(*control);
    const auto problems = server_.start();
    for (const auto& problem : problems) console.complain(problem);
    if (!problems.empty()) return ExitCode::unavailable;
    if (const auto users = users_.load(); !users || (*users)->entries().empty()) {
      log_->warn("there are no users in {} yet: fermo user add NAME makes one, at any time", config.users.string());
    }
    return {};
  }

  server::Server& server() { return server_; }

  void reload(const ServeOptions& options, const Console& console) {
    server::notify_reloading();
    if (auto config = serving_config(options, console)) {
      const auto reloaded = server_.reload(std::move(*config));
      for (const auto& problem : reloaded.problems) log_->error("not reloaded: {}", problem);
      for (const auto& key : reloaded.need_restart) log_->warn("{} has changed; it takes effect after a restart", key);
    } else {
      log_->error("not reloaded: the configuration has problems; the one before goes on");
    }
    server::notify_ready("serving");
  }

 private:
  std::shared_ptr<spdlog::logger> log_;
  std::unique_ptr<rocks::RocksMaildrop> store_;
  auth::PasswordFile users_;
  auth::LocalAuthenticator authenticator_;
  auth::ThrottledAuthenticator throttled_;
  auth::LocalDirectory directory_;
  ConfinedTls tls_;
  std::unique_ptr<maildrop_ipc::StoreService> control_;
  server::Server server_;
};

/// For programs that wait for the server: what it listens on, then the line `ready` alone.
void say_ready(const server::Server& server, std::ostream& out) {
  for (const auto& listening : server.listening()) out << listening << '\n';
  out << "ready" << std::endl;
  server::notify_ready("serving");
}

spdlog::level::level_enum level_of(rocks::Severity severity) {
  switch (severity) {
    case rocks::Severity::info:
      return spdlog::level::info;
    case rocks::Severity::warning:
      return spdlog::level::warn;
    case rocks::Severity::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

rocks::Log store_log(const std::shared_ptr<spdlog::logger>& log) {
  return [log](rocks::Severity severity, std::string_view line) { log->log(level_of(severity), "store: {}", line); };
}

void serve_until_stopped(Serving& serving, const ServeOptions& options, const Console& console) {
  const auto stop = [&serving] {
    server::notify_stopping();
    serving.server().shut_down();
  };
  const server::Signals signals(stop, [&] { serving.reload(options, console); });
  say_ready(serving.server(), console.out);
  serving.server().wait();
}

ExitCode run(const ServeOptions& options, const config::Config& config, const Console& console) {
  auto turn = StoreTurn::take(config.data, console);
  if (!turn) return turn.error();
  const auto log = server::make_log(config);
  const SystemClock clock;
  auto store = open_to_serve(config, clock, store_log(log), console);
  if (!store) return store.error();
  Serving serving(config, log, clock, std::move(*store));
  if (const auto started = serving.start(config, console); !started) return started.error();
  {
    const StoreTurn given_up = std::move(*turn);
  }
  serve_until_stopped(serving, options, console);
  turn = StoreTurn::take(config.data, console);  // kept until the store is closed
  return turn ? ExitCode::ok : turn.error();
}

ExitCode serve(const ServeOptions& options, const Console& console) {
  const auto config = serving_config(options, console);
  if (!config) return config.error();
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
  options->common.add_places_to(app);
  runs(app, invocation, std::move(options), serve);
}

}  // namespace fermo::commands
