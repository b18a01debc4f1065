#pragma once

#include <memory>
#include <string>

#include "keys/key_client.h"
#include "keys/remote_keys.h"
#include "keys/shared_ticket_keys.h"
#include "runtime/tls_identity.h"

namespace fermo::commands {

/// The keys that another process holds, for TLS here.
class RemoteIdentity final : public runtime::TlsIdentity {
 public:
  RemoteIdentity();

  /// Connections to the process that holds the keys: it is there, for the first time or again.
  void connect(std::vector<Descriptor> sockets);

  ossl_lib_ctx_st* library() const override;
  std::string install(ssl_ctx_st* context) override;
  tickets::TicketKeySource& ticket_keys() override { return ticket_keys_; }

 private:
  std::string install_key(ssl_ctx_st* context, keys::KeyNumber number);

  keys::KeyClient client_;
  keys::SharedTicketKeys ticket_keys_;
  std::unique_ptr<keys::RemoteKeys> keys_;  ///< Null: OpenSSL was out of memory.
};

}  // namespace fermo::commands
