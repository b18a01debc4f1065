#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/tls_client_context.h"
#include "sasl/client_mechanism.h"

namespace fermo::fetcher {

/// One connection for code that may wait: over TCP or a unix socket, in the clear or under TLS. Used by one thread at a
/// time. After an error nothing but the reasons may be asked for.
class BlockingLink {
 public:
  BlockingLink();
  ~BlockingLink();
  BlockingLink(const BlockingLink&) = delete;
  BlockingLink& operator=(const BlockingLink&) = delete;

  /// Errors: those of the resolver and the system. `time_max` is for each address.
  Result<void> connect(const std::string& host, std::uint16_t port, std::chrono::seconds time_max);
  Result<void> connect(const std::filesystem::path& socket);

  /// The client's side of the handshake; the server must prove that it is `host`.
  Result<void> start_tls(std::shared_ptr<const runtime::TlsClientContext> context, const std::string& host,
                         std::chrono::seconds time_max);
  Result<void> write(std::string_view octets, std::chrono::seconds time_max);
  /// What has arrived, as soon as there is something; empty when the peer has ended its side. The view lives until the
  /// next call.
  Result<std::string_view> read(std::chrono::seconds time_max);
  void close();

  /// The error was that the time had passed.
  bool timed_out() const;
  std::optional<runtime::CertificateProblem> certificate_problem() const;
  /// Of the connection under TLS, where there is one.
  sasl::ChannelBinding channel_binding() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fermo::fetcher
