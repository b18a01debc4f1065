#pragma once

#include <cstddef>

#include "server/tls_source.h"

namespace fermo::commands {

/// TLS whose private keys are in a process of their own, one for each time that they are loaded; it ends with the last
/// session that began with them.
class ConfinedTls final : public server::TlsSource {
 public:
  /// `log` is told about that process as long as it lives.
  explicit ConfinedTls(std::shared_ptr<spdlog::logger> log) : log_(std::move(log)) {}

  runtime::Explained<std::shared_ptr<const runtime::TlsContext>> load(const config::Config& config,
                                                                      spdlog::logger& log) override;

 private:
  std::shared_ptr<spdlog::logger> log_;
};

}  // namespace fermo::commands
