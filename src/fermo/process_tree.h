#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <spdlog/fwd.h>

#include "base/descriptor.h"
#include "base/result.h"
#include "config/config.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fermo/role_notes.h"
#include "processes/supervisor.h"
#include "runtime/file_identity.h"
#include "server/listening_port.h"

namespace fermo::commands {

/// The processes of a server: started, connected with each other, watched, started again when they are lost, and ended.
/// Thread-safe.
class ProcessTree {
 public:
  /// `ports` and `control`, which are open and listen, are handed on to each process that needs them. Every process
  /// keeps `lock`, which must outlive this. With a folder `roles` a service manager starts each of them, for whoever
  /// connects to the socket of its name there.
  ProcessTree(config::Config config, std::vector<server::ListeningPort> ports, Descriptor control,
              const Descriptor& lock, std::filesystem::path roles, std::shared_ptr<spdlog::logger> log);
  ~ProcessTree();
  ProcessTree(const ProcessTree&) = delete;
  ProcessTree& operator=(const ProcessTree&) = delete;

  /// Returns when all are ready and connections are being taken. `own` is what protects this process. What is wrong is
  /// printed. Call once.
  Outcome<void> start(const runtime::CertificateFiles& files, const confine::Protection& own, const Console& console);
  /// New settings, and new keys, for the sessions that come. What became of it is logged.
  void reload(config::Config config, const runtime::CertificateFiles& files);
  /// No new connections; sessions may end. Called again: they are ended at once.
  void drain();
  /// Returns when the last session has ended after drain(), or can no longer be waited for.
  void wait();
  /// Ends the others: the store is closed when this returns.
  void stop();

 private:
  using Supervisor = processes::Supervisor;
  static constexpr std::size_t count_of_roles = 4;

  /// One process of a role, whichever one it is at the moment.
  struct Member {
    std::unique_ptr<Supervisor> supervisor;
    bool ready = false;    ///< It has said so.
    bool takes = false;    ///< It takes connections with others.
    Refusal refusal = {};  ///< Why it was not.
    std::string end = {};  ///< How the last one ended that nobody had asked to.
  };

  /// One set of keys, and the process that has it: it may be the one in use, the next, or one of old sessions.
  struct Keys {
    std::vector<Descriptor> files;
    Refusal refusal = {};
    bool in_use = false;
  };

  Member& member(Role role) { return members_[static_cast<std::size_t>(role)]; }
  Supervisor::Role supervised(Role role) const;
  std::unique_ptr<Supervisor> supervise(Role role, bool (ProcessTree::*equip)(Supervisor&));
  std::unique_ptr<Supervisor> supervise_keys(const std::shared_ptr<Keys>& keys);
  ExitCode complain(Role role, const runtime::CertificateFiles& files, const Console& console);
  void lost(Role role, const std::string& how);
  void note_loss(Role role, const std::string& how);

  bool equip_keys(Keys& keys, Supervisor& supervisor);
  bool equip_store(Supervisor& supervisor);
  bool equip_auth(Supervisor& supervisor);
  bool equip_net(Supervisor& supervisor);
  bool configure(Supervisor& supervisor, const config::Config& config) const;
  bool send_ports(Supervisor& supervisor) const;
  bool await_ready(Role role, Supervisor& supervisor);
  bool take_answer(const std::optional<processes::Note>& answer, Refusal& refusal);
  bool suffices(const confine::Protection& protection, Refusal& refusal);
  bool join(Role role);
  Result<void> link(Role one, Supervisor& to_one, Role other, Supervisor& to_other) const;
  std::size_t connections(Role one, Role other) const;
  void close_ports();
  config::Config in_force(const config::Config& config) const;
  std::vector<std::string> renew(const config::Config& config, const runtime::CertificateFiles& files);
  std::vector<std::string> hand_to_net(const config::Config& config, Supervisor& keys);
  std::list<std::unique_ptr<Supervisor>> without_processes();
  void use(std::shared_ptr<Keys> keys, std::unique_ptr<Supervisor> supervisor);

  const config::Config config_;  ///< What it was started with.
  const std::shared_ptr<spdlog::logger> log_;
  const std::vector<Descriptor> control_;
  const Descriptor& lock_;
  const std::filesystem::path roles_;
  /// Looked up while everything can still be reached.
  std::array<std::optional<processes::Identity>, count_of_roles> identities_;

  std::mutex mutex_;  ///< Guards what follows. Who is given a connection, and to whom, happens under it.
  config::Config config_in_force_;
  std::vector<server::ListeningPort> ports_;
  std::shared_ptr<Keys> keys_;  ///< Those in use.
  std::array<Member, count_of_roles> members_;
  std::list<std::unique_ptr<Supervisor>> retired_;  ///< Keys that only old sessions use.
  bool warned_ = false;
};

}  // namespace fermo::commands
