#pragma once

#include <string>
#include <string_view>

#include "keys/key_ring.h"
#include "keys/wire.h"
#include "tickets/ticket_keys.h"

namespace fermo::keys {

/// The answering half of one connection, without the socket: takes octets of a stranger, gives octets of replies. Holds
/// one request and one reply at most. Used by one thread at a time.
class KeySession {
 public:
  /// Both must outlive it.
  KeySession(const KeyRing& ring, tickets::TicketKeys& ticket_keys) : ring_(ring), ticket_keys_(ticket_keys) {}
  ~KeySession();
  KeySession(const KeySession&) = delete;
  KeySession& operator=(const KeySession&) = delete;

  /// Signs before it returns. False: the peer said what may not come now (anything that is no request, or more before
  /// it has got its reply), and the connection must be closed.
  bool receive(std::string_view octets, tickets::TicketKeys::Clock::time_point now);
  /// Appends the reply, if there is one, to `out`. Its reader has to wipe that.
  void take_output(std::string& out);

 private:
  using Now = tickets::TicketKeys::Clock::time_point;

  bool answer(std::string_view payload, Now now);
  Reply obey(const request::Hello& hello, Now now);
  Reply obey(const request::GetCertificates& get, Now now) const;
  Reply obey(const request::Sign& sign, Now now) const;
  Reply obey(const request::GetTicketKeys&, Now now);

  const KeyRing& ring_;
  tickets::TicketKeys& ticket_keys_;
  bool greeted_ = false;
  bool failed_ = false;
  std::string input_;
  std::string output_;
};

}  // namespace fermo::keys
