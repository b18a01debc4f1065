#include "runtime/tls_socket.h"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/ssl3.h>

namespace fermo::runtime {

/// What OpenSSL calls; BIO_meth_new(3).
struct TlsSocket::Callbacks {
  static TlsSocket& socket_of(BIO* bio) { return *static_cast<TlsSocket*>(BIO_get_data(bio)); }

  static bool may_come_later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

  static int read(BIO* bio, char* into, int octets) {
    TlsSocket& self = socket_of(bio);
    BIO_clear_retry_flags(bio);
    const std::size_t wanted = std::min(static_cast<std::size_t>(octets), self.octets_allowed_);
    if (wanted == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const ssize_t got = ::recv(self.fd_, into, wanted, 0);
    if (got > 0) self.octets_allowed_ -= static_cast<std::size_t>(got);
    if (got == 0) self.ended_ = true;
    if (got < 0 && may_come_later()) BIO_set_retry_read(bio);
    return static_cast<int>(got);
  }

  static int write(BIO* bio, const char* from, int octets) {
    BIO_clear_retry_flags(bio);
    const ssize_t sent = ::send(socket_of(bio).fd_, from, static_cast<std::size_t>(octets), MSG_NOSIGNAL);
    if (sent < 0 && may_come_later()) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;  // nothing is held back
    return command == BIO_CTRL_EOF && socket_of(bio).ended_ ? 1 : 0;
  }

  static BIO_METHOD* make() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fermo socket");
    if (method == nullptr) return nullptr;
    BIO_meth_set_read(method, &read);
    BIO_meth_set_write(method, &write);
    BIO_meth_set_ctrl(method, &control);
    return method;
  }
};

bio_st* TlsSocket::make_bio() {
  static const BIO_METHOD* const method = Callbacks::make();
  BIO* const bio = method != nullptr ? BIO_new(method) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

void TlsSocket::allow_one_record() {
  octets_allowed_ = SSL3_RT_MAX_PACKET_SIZE;
}

}  // namespace fermo::runtime
