#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

struct bio_st;

namespace fermo::runtime {

/// A non-blocking socket as OpenSSL reads and writes it. OpenSSL goes on reading as long as what comes is not for the
/// application (KeyUpdates, hellos that it refuses to renegotiate for), and a peer can send those without end. So it is
/// given no more than one record at a time: it comes back, and others have their turn. Does not own the descriptor. Not
/// thread-safe.
class TlsSocket {
 public:
  explicit TlsSocket(int fd) : fd_(fd) {}
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  /// For SSL_set_bio(3); this must live as long as it. Null when OpenSSL is out of memory.
  bio_st* make_bio();
  /// OpenSSL may read as much as the longest record takes; then it is told that nothing is there.
  void allow_one_record();

 private:
  struct Callbacks;

  int fd_;
  std::size_t octets_allowed_ = 0;
  bool ended_ = false;  ///< By the peer.
};

}  // namespace fermo::runtime
