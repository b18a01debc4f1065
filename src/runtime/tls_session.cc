#include "runtime/tls_session.h"

#include <cerrno>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "runtime/error.h"

namespace fermo::runtime {

void TlsSession::Free::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

std::optional<TlsSession> TlsSession::accept(std::shared_ptr<const TlsContext> context, int fd) {
  SSL* ssl = SSL_new(context->native());
  if (ssl == nullptr) return std::nullopt;
  TlsSession session(std::move(context), ssl, fd);
  if (!session.use_socket()) return std::nullopt;
  SSL_set_accept_state(ssl);
  return session;
}

std::optional<TlsSession> TlsSession::connect(std::shared_ptr<const TlsClientContext> context, const std::string& host,
                                              int fd) {
  SSL* ssl = SSL_new(context->native());
  if (ssl == nullptr) return std::nullopt;
  const TlsClientContext& client = *context;
  TlsSession session(std::move(context), ssl, fd);
  if (!session.use_socket() || !client.prepare(ssl, host, session.problem_.get())) return std::nullopt;
  SSL_set_connect_state(ssl);
  return session;
}

bool TlsSession::use_socket() {
  BIO* const bio = socket_->make_bio();
  if (bio == nullptr) return false;
  SSL_set_bio(ssl_.get(), bio, bio);
  return true;
}

void TlsSession::begin_attempt() {
  ERR_clear_error();
  errno = 0;
  socket_->allow_one_record();
}

/// Sorts what an SSL_… function returned; SSL_get_error(3).
Attempt TlsSession::attempt(int returned, std::size_t octets) {
  if (returned == 1) return Attempt::done(octets);
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return Attempt::wait(Attempt::Then::wait_readable);
    case SSL_ERROR_WANT_WRITE:
      return Attempt::wait(Attempt::Then::wait_writable);
    case SSL_ERROR_ZERO_RETURN:
      return Attempt::done(std::size_t{0});
    default:
      break;
  }
  failed_ = true;
  if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ERR_clear_error();
    return Attempt::done(make_error_code(Error::truncated));
  }
  const error_code from_system(system_error, boost::system::system_category());
  return Attempt::done(take_openssl_error(system_error != 0 ? from_system : make_error_code(Error::truncated)));
}

Attempt TlsSession::handshake() {
  begin_attempt();
  return attempt(SSL_do_handshake(ssl_.get()), 0);
}

Attempt TlsSession::read(std::span<char> into) {
  begin_attempt();
  std::size_t octets = 0;
  const int returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &octets);
  return attempt(returned, octets);
}

Attempt TlsSession::write(std::string_view octets) {
  begin_attempt();
  std::size_t written = 0;
  const int returned = SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &written);
  return attempt(returned, written);
}

void TlsSession::close() {
  if (failed_ || SSL_is_init_finished(ssl_.get()) != 1) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::string TlsSession::summary() const {
  std::string text = SSL_get_version(ssl_.get());
  text += ' ';
  text += SSL_get_cipher_name(ssl_.get());
  if (SSL_session_reused(ssl_.get()) == 1) text += " resumed";
  return text;
}

std::optional<std::string> TlsSession::channel_binding() const {
  constexpr std::string_view label = "EXPORTER-Channel-Binding";
  if (SSL_version(ssl_.get()) < TLS1_3_VERSION) return std::nullopt;
  std::string octets(32, '\0');
  auto* out = reinterpret_cast<unsigned char*>(octets.data());
  const int ok = SSL_export_keying_material(ssl_.get(), out, octets.size(), label.data(), label.size(), nullptr, 0, 1);
  return ok == 1 ? std::optional(std::move(octets)) : std::nullopt;
}

}  // namespace fermo::runtime
