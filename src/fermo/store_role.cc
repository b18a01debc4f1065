#include <optional>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/limits.h"
#include "fermo/data_folder.h"
#include "fermo/role_notes.h"
#include "fermo/role_sockets.h"
#include "fermo/roles.h"
#include "fermo/store_access.h"
#include "ipc/serve_sockets.h"
#include "maildrop_ipc/channel_service.h"
#include "maildrop_ipc/grant_service.h"
#include "maildrop_ipc/store_service.h"
#include "server/log.h"

namespace fermo::commands {
namespace {

using processes::Note;

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

class StoreRole {
 public:
  explicit StoreRole(const processes::NoteSocket& notes) : notes_(notes) {}

  /// The store is closed when this returns, or never was open.
  ExitCode run() {
    while (auto note = notes_.receive()) {
      if (static_cast<Order>(note->kind) == Order::drain) break;
      if (const ExitCode code = obey(std::move(*note)); code != ExitCode::ok) return code;
    }
    const auto problem = sockets_.problem();
    if (problem) log_->error("the store process cannot go on: {}", *problem);
    return problem ? ExitCode::software : ExitCode::ok;
  }

 private:
  ExitCode obey(Note note) {
    switch (static_cast<Order>(note.kind)) {
      case Order::configuration:
        return configure(note);
      case Order::control:
        if (note.descriptors.size() == 1) control_ = std::move(note.descriptors.front());
        return ExitCode::ok;
      case Order::begin:
        return begin();
      case Order::sockets:
        return connect(std::move(note));
      default:
        return ExitCode::software;
    }
  }

  ExitCode configure(const Note& note) {
    auto config = note.descriptors.size() == 1 ? config_from(note.descriptors.front()) : std::nullopt;
    if (!config) return ExitCode::software;
    if (config_) return ExitCode::ok;
    config_ = std::move(*config);
    protection_ = confine::confine(store_rules(*config_).paths);
    log_ = server::make_log(*config_);  // starts a thread, which is confined as this one is
    return ExitCode::ok;
  }

  ExitCode begin() {
    if (!config_ || !control_) return ExitCode::software;
    auto opened = open_folder(*config_, clock_, store_log(log_));
    if (!opened) {
      const ExitCode code = exit_code_of(opened.error().code);
      notes_.send(number_of(Answer::failed), encode(Refusal{static_cast<std::uint8_t>(code), opened.error().text}));
      return code;
    }
    store_ = std::move(*opened);
    auto service = maildrop_ipc::StoreService::start_on(*store_, std::move(control_), limits::store_ipc_connections_max,
                                                        store_.get());
    if (!service) return ExitCode::temporary_failure;
    service_ = std::move(*service);
    confine::confine_calls(store_rules(*config_).calls, protection_);
    return notes_.send(number_of(Answer::ready), encode(protection_)) ? ExitCode::ok : ExitCode::software;
  }

  ExitCode connect(Note note) {
    if (note.payload.size() != 1 || !store_) return ExitCode::software;
    switch (static_cast<Role>(note.payload.front())) {
      case Role::net:
        sockets_.add(std::move(note.descriptors), [this](std::vector<Descriptor> sockets) {
          maildrop_ipc::serve_channels(*store_, grants_, std::move(sockets));
        });
        return ExitCode::ok;
      case Role::auth:
        sockets_.add(std::move(note.descriptors), [this](std::vector<Descriptor> sockets) {
          ipc::serve_sockets(std::move(sockets),
                             [this](ipc::FrameSocket& socket) { maildrop_ipc::take_grants(socket, grants_); });
        });
        return ExitCode::ok;
      default:
        return ExitCode::software;
    }
  }

  const processes::NoteSocket& notes_;
  const SystemClock clock_;
  confine::Protection protection_;
  std::optional<config::Config> config_;
  std::shared_ptr<spdlog::logger> log_;
  Descriptor control_;
  std::unique_ptr<rocks::RocksMaildrop> store_;
  maildrop_ipc::Grants grants_;
  std::unique_ptr<maildrop_ipc::StoreService> service_;
  RoleSockets sockets_{notes_};
};

}  // namespace

RoleRules store_rules(const config::Config& config) {
  namespace calls = confine::calls;
  return {"store",
          "holds the mail, and is the only one that writes it",
          // The last two: how many processors there are, and what makes the names of RocksDB's files unique.
          {{store_path(config.data), confine::Access::write},
           {"/sys/devices/system/cpu", confine::Access::read},
           {"/proc/sys/kernel/random", confine::Access::read}},
          confine::joined({calls::basic(),
                           calls::threads(),
                           calls::sockets(),
                           calls::waiting(),
                           calls::reading_files(),
                           calls::writing_files(),
                           {"accept4",
                            "prlimit64(self)",
                            "getrlimit",
                            "setpriority(self)",
                            "getpriority",
                            "sched_setscheduler(self)",
                            "sched_get_priority_max",
                            "sched_get_priority_min",
                            "ioprio_set(self)",
                            "ioprio_get",
                            "uname",
                            "getrusage",
                            "times",
                            "timer_create",
                            "timer_settime",
                            "timer_delete",
                            "creat",
                            "dup2",
                            "dup3",
                            "preadv2",
                            "pwritev2"}})};
}

ExitCode run_store(const processes::NoteSocket& notes) {
  return StoreRole(notes).run();
}

}  // namespace fermo::commands
