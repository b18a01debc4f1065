#pragma once

#include "account/authenticator.h"
#include "account/directory.h"
#include "ipc/socket_pool.h"

namespace fermo::auth_ipc {

/// Logins that another process decides on. Thread-safe.
class RemoteAuthenticator final : public account::Authenticator {
 public:
  /// `pool`, whose other ends serve_logins(), must outlive it.
  explicit RemoteAuthenticator(ipc::SocketPool& pool) : pool_(pool) {}

  /// Errors: unavailable.
  Result<account::LoginDecision> verify(const account::LoginAttempt& attempt) override;

 private:
  ipc::SocketPool& pool_;
};

/// Recipients that another process knows. Thread-safe.
class RemoteDirectory final : public account::Directory {
 public:
  explicit RemoteDirectory(ipc::SocketPool& pool) : pool_(pool) {}

  /// Errors: unavailable.
  Result<std::optional<account::Account>> find(const mail::Address& recipient) override;

 private:
  ipc::SocketPool& pool_;
};

}  // namespace fermo::auth_ipc
