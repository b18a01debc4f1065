#include "fermo/confined_tls.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "fermo/keys_process.h"
#include "fermo/remote_identity.h"

namespace fermo::commands {
namespace {

using Tls = std::shared_ptr<const runtime::TlsContext>;

/// With the process that it needs.
class ProcessIdentity final : public runtime::TlsIdentity {
 public:
  std::string start(const runtime::CertificateFiles& files, std::size_t connections,
                    std::shared_ptr<spdlog::logger> log) {
    auto connect = [this](std::vector<Descriptor> sockets) { remote_.connect(std::move(sockets)); };
    auto process = KeysProcess::start(files, connections, std::move(connect), std::move(log));
    if (!process) return process.problem();
    process_ = std::move(*process);
    return {};
  }

  ossl_lib_ctx_st* library() const override { return remote_.library(); }
  std::string install(ssl_ctx_st* context) override { return remote_.install(context); }
  tickets::TicketKeySource& ticket_keys() override { return remote_.ticket_keys(); }

 private:
  RemoteIdentity remote_;
  std::unique_ptr<KeysProcess> process_;  ///< Uses remote_.
};

std::size_t protocol_threads(const config::Config& config) {
  return config.threads != 0 ? config.threads : std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

}  // namespace

runtime::Explained<Tls> ConfinedTls::load(const config::Config& config, spdlog::logger& log) {
  const auto files = server::certificate_files(config, log);
  if (!files) return runtime::Explained<Tls>::problem(files.problem());
  auto identity = std::make_shared<ProcessIdentity>();
  const std::size_t connections = std::min(protocol_threads(config), limits::note_descriptors_max);
  if (std::string problem = identity->start(*files, connections, log_); !problem.empty()) {
    return runtime::Explained<Tls>::problem(std::move(problem));
  }
  return runtime::TlsContext::make(std::move(identity), server::alpn_protocol);
}

}  // namespace fermo::commands
