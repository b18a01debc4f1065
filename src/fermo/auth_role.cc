#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "auth/local_authenticator.h"
#include "auth/local_directory.h"
#include "auth/password_file.h"
#include "auth/throttled_authenticator.h"
#include "auth_ipc/login_service.h"
#include "base/clock.h"
#include "base/limits.h"
#include "fermo/role_notes.h"
#include "fermo/role_sockets.h"
#include "fermo/roles.h"
#include "ipc/socket_pool.h"
#include "maildrop_ipc/grant_service.h"
#include "server/guess_exemptions.h"
#include "server/log.h"

namespace fermo::commands {
namespace {

using processes::Note;

/// Tells the store whose maildrop may be opened before it says that a login is right.
class GrantingAuthenticator final : public account::Authenticator {
 public:
  GrantingAuthenticator(account::Authenticator& next, ipc::SocketPool& store) : next_(next), store_(store) {}

  Result<account::LoginDecision> verify(const account::LoginAttempt& attempt) override {
    auto decision = next_.verify(attempt);
    if (!decision || decision->verdict != sasl::Verdict::accepted) return decision;
    if (const auto granted = maildrop_ipc::grant(store_, decision->account->drop); !granted) return granted.error();
    return decision;
  }

 private:
  account::Authenticator& next_;
  ipc::SocketPool& store_;
};

auth::PasswordFile::Report report_to(const std::shared_ptr<spdlog::logger>& log, const std::filesystem::path& users) {
  return [log, users](const auth::LineProblem& problem) {
    log->warn("{}:{}: {}", users.string(), problem.line, problem.message);
  };
}

auth::AuthenticatorSettings settings_of(const config::Config& config) {
  auth::AuthenticatorSettings settings;
  settings.hash_threads = config.hash_threads;
  return settings;
}

/// The file may come to be later, and be one of the folder that this process began in.
std::filesystem::path users_folder(const config::Config& config) {
  std::error_code error;
  return std::filesystem::absolute(config.users, error).parent_path();
}

/// What decides, in the order in which it must come to be.
struct Deciding {
  Deciding(const config::Config& config, const std::shared_ptr<spdlog::logger>& log, const Clock& clock,
           ipc::SocketPool& store)
      : users(config.users, report_to(log, config.users)),
        local(users, clock, settings_of(config)),
        exempt(config),
        throttled(local, clock, {config.guesses_per_address_max, config.guesses_per_account_max},
                  [this](const account::LoginAttempt& attempt) { return exempt.contain(attempt); }),
        granting(throttled, store),
        directory(users) {}

  auth::PasswordFile users;
  auth::LocalAuthenticator local;
  server::GuessExemptions exempt;
  auth::ThrottledAuthenticator throttled;
  GrantingAuthenticator granting;
  auth::LocalDirectory directory;
};

class AuthRole {
 public:
  explicit AuthRole(const processes::NoteSocket& notes) : notes_(notes), store_(limits::store_ipc_reply_time_max) {}

  ExitCode run() {
    while (auto note = notes_.receive()) {
      if (static_cast<Order>(note->kind) == Order::drain) break;
      if (!obey(std::move(*note))) return ExitCode::software;
    }
    const auto problem = sockets_.problem();
    if (problem) log_->error("the auth process cannot go on: {}", *problem);
    return problem ? ExitCode::software : ExitCode::ok;
  }

 private:
  bool obey(Note note) {
    switch (static_cast<Order>(note.kind)) {
      case Order::configuration:
        return configure(note);
      case Order::begin:
        return begin();
      case Order::sockets:
        return connect(std::move(note));
      default:
        return false;
    }
  }

  bool configure(const Note& note) {
    auto config = note.descriptors.size() == 1 ? config_from(note.descriptors.front()) : std::nullopt;
    if (!config) return false;
    if (config_) {
      config_->guess_exempt_networks = std::move(config->guess_exempt_networks);
      if (deciding_) deciding_->exempt.use(*config_);
      return true;
    }
    config_ = std::move(*config);
    std::error_code unknown;
    has_folder_ = std::filesystem::is_directory(users_folder(*config_), unknown);
    protection_ = confine::confine(auth_rules(*config_).paths);
    log_ = server::make_log(*config_);  // starts a thread, which is confined as this one is
    return true;
  }

  bool begin() {
    if (!config_) return false;
    deciding_.emplace(*config_, log_, clock_, store_);
    if (const auto users = deciding_->users.load(); !users || (*users)->entries().empty()) {
      log_->warn("there are no users in {} yet: fermo user add NAME makes one, at any time", config_->users.string());
    }
    if (!has_folder_) {
      log_->warn("the folder {} does not exist: users that are added there are known only after a restart",
                 users_folder(*config_).string());
    }
    confine::confine_calls(auth_rules(*config_).calls, protection_);
    return notes_.send(number_of(Answer::ready), encode(protection_));
  }

  bool connect(Note note) {
    if (note.payload.size() != 1 || !deciding_) return false;
    switch (static_cast<Role>(note.payload.front())) {
      case Role::net:
        sockets_.add(std::move(note.descriptors), [this](std::vector<Descriptor> sockets) {
          auth_ipc::serve_logins(deciding_->granting, deciding_->directory, std::move(sockets));
        });
        return true;
      case Role::store:
        store_.replace(std::move(note.descriptors));
        return true;
      default:
        return false;
    }
  }

  const processes::NoteSocket& notes_;
  const SystemClock clock_;
  confine::Protection protection_;
  std::optional<config::Config> config_;
  bool has_folder_ = false;  ///< That of the users' file, when this process confined itself to it.
  std::shared_ptr<spdlog::logger> log_;
  ipc::SocketPool store_;
  std::optional<Deciding> deciding_;
  RoleSockets sockets_{notes_};
};

}  // namespace

RoleRules auth_rules(const config::Config& config) {
  namespace calls = confine::calls;
  std::vector<confine::PathRule> paths = {{users_folder(config), confine::Access::read}};
  std::error_code error;
  const auto target = std::filesystem::canonical(config.users, error);  // the file may be a link to elsewhere
  if (!error && target.parent_path() != paths.front().path)
    paths.push_back({target.parent_path(), confine::Access::read});
  return {"auth", "verifies passwords", std::move(paths),
          confine::joined({calls::basic(), calls::threads(), calls::sockets(), calls::reading_files()})};
}

ExitCode run_auth(const processes::NoteSocket& notes) {
  return AuthRole(notes).run();
}

}  // namespace fermo::commands
