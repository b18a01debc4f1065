#include "fermo/remote_identity.h"

#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace fermo::commands {
namespace {

std::string problem(const error_code& error) {
  return "the process that holds the keys cannot be used: " + error.message();
}

/// Without the server's own certificate, which OpenSSL is given by itself.
bool use(SSL_CTX* context, const keys::Identity& identity) {
  STACK_OF(X509)* const others = sk_X509_new_null();
  if (others == nullptr) return false;
  bool used = true;
  for (std::size_t i = 1; i < identity.chain.size(); ++i)
    used = used && sk_X509_push(others, identity.chain[i].get()) > 0;
  used = used && SSL_CTX_use_cert_and_key(context, identity.chain.front().get(), identity.key.get(), others, 0) == 1;
  sk_X509_free(others);
  ERR_clear_error();
  return used;
}

}  // namespace

RemoteIdentity::RemoteIdentity() : client_({}), ticket_keys_(client_), keys_(keys::RemoteKeys::make(client_)) {}

void RemoteIdentity::connect(std::vector<Descriptor> sockets) {
  client_.replace(std::move(sockets));
  ticket_keys_.forget_time();
}

ossl_lib_ctx_st* RemoteIdentity::library() const {
  return keys_ ? keys_->library() : nullptr;
}

std::string RemoteIdentity::install(SSL_CTX* context) {
  if (!keys_) return "OpenSSL is out of memory";
  const auto keys = client_.key_count();
  if (!keys) return problem(keys.error());
  for (std::size_t number = 0; number < *keys; ++number) {
    if (std::string text = install_key(context, static_cast<keys::KeyNumber>(number)); !text.empty()) return text;
  }
  return {};
}

std::string RemoteIdentity::install_key(SSL_CTX* context, keys::KeyNumber number) {
  const auto chain = client_.certificates(number);
  if (!chain) return problem(chain.error());
  const auto identity = keys_->identity(number, *chain);
  if (!identity) return "the certificate cannot be used: " + identity.error().message();
  if (!use(context, *identity)) return "OpenSSL cannot use the certificate";
  return {};
}

}  // namespace fermo::commands
