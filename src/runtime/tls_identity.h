#pragma once

#include <memory>
#include <string>

#include "tickets/ticket_keys.h"

struct ossl_lib_ctx_st;
struct ssl_ctx_st;

namespace fermo::runtime {

/// Who a TLS server is: certificates, keys, and what its session tickets are sealed with. The keys may be in another
/// process. Thread-safe once installed.
class TlsIdentity {
 public:
  virtual ~TlsIdentity() = default;

  /// Where OpenSSL has to make the context; null: where it makes all else.
  virtual ossl_lib_ctx_st* library() const { return nullptr; }
  /// Puts certificate chains and keys into `context`, which ends before this does. What is wrong, in one sentence;
  /// empty on success.
  virtual std::string install(ssl_ctx_st* context) = 0;
  virtual tickets::TicketKeySource& ticket_keys() = 0;
};

}  // namespace fermo::runtime
