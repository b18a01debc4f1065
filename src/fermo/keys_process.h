#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <spdlog/fwd.h>

#include "base/descriptor.h"
#include "processes/supervisor.h"
#include "runtime/explained.h"
#include "runtime/file_identity.h"

namespace fermo::commands {

/// The process that holds the private keys: started, watched, and started again with the same keys when it is lost.
/// Thread-safe.
class KeysProcess {
 public:
  /// Takes connected sockets on which the process answers, whenever it was started.
  using OnConnected = std::function<void(std::vector<Descriptor> sockets)>;

  /// Starts it with the keys in `files`, which this process only opens. `connections`: handshakes signed at once.
  static runtime::Explained<std::unique_ptr<KeysProcess>> start(const runtime::CertificateFiles& files,
                                                                std::size_t connections, OnConnected on_connected,
                                                                std::shared_ptr<spdlog::logger> log);

  KeysProcess(const KeysProcess&) = delete;
  KeysProcess& operator=(const KeysProcess&) = delete;

 private:
  KeysProcess(std::size_t connections, OnConnected on_connected, std::shared_ptr<spdlog::logger> log);

  bool equip(processes::Supervisor& supervisor);
  bool connect(processes::Supervisor& supervisor);

  const std::size_t connections_;
  const OnConnected on_connected_;
  const std::shared_ptr<spdlog::logger> log_;
  std::vector<Descriptor> files_;
  int refusal_ = 0;                   ///< Why the process would not have the keys: a keys::Error.
  processes::Supervisor supervisor_;  ///< Last: its thread uses all the others.
};

}  // namespace fermo::commands
