#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "mail/address.h"
#include "mail/wire_message.h"

/// The server's side of LMTP (RFC 2033) without sockets, clocks, threads or stores: octets go in, steps for the driver
/// come out.
namespace fermo::smtp {

struct ServerSettings {
  std::string host_name;
  std::uint64_t message_octets_max = limits::message_octets_max;  ///< SIZE (RFC 1870).
  std::size_t recipients_max = limits::recipients_max;
  std::chrono::seconds idle_time_max = limits::smtp_idle_time_max;
};

/// RFC 5321 §3.3.
struct Envelope {
  std::optional<mail::Address> reverse_path;  ///< Nothing: the null reverse-path.
  std::vector<mail::Address> recipients;      ///< Accepted ones, in the order of RCPT; repetitions kept.
  std::string helo;                           ///< What the client called itself in LHLO.
  bool smtputf8 = false;                      ///< MAIL asked for SMTPUTF8 (RFC 6531).
};

// --- Steps -----------------------------------------------------------------------------------------------------------

/// Flush everything sent so far, then read from the peer and call receive().
struct NeedInput {};
/// Queue these octets for the peer.
struct Send {
  std::string octets;
};
/// Is this recipient's mail held here? answer(RecipientResolved).
struct ResolveRecipient {
  mail::Address recipient;
};
/// Open a delivery; answer(MessageBegun). When that is good, exactly one FinishMessage or AbandonMessage follows.
struct BeginMessage {};
/// Append this piece in wire form (at most limits::message_piece_octets_max); answer(Appended).
struct Append {
  std::string wire;
};
/// Make the message durable for all recipients of the envelope, or for none; answer(Finished). However it goes, the
/// delivery is over.
struct FinishMessage {
  Envelope envelope;
  mail::WireSummary summary;
};
/// Drop the delivery that is open; no answer. Comes after an Append that failed too.
struct AbandonMessage {};
/// Why a session ended, for the log.
enum class End { quit, disconnected, timed_out, too_many_errors, protocol_violation, shutting_down };
/// Flush, close the connection and forget the session.
struct Close {
  End end;
};
using Step =
    std::variant<NeedInput, Send, ResolveRecipient, BeginMessage, Append, FinishMessage, AbandonMessage, Close>;

// --- Answers ---------------------------------------------------------------------------------------------------------

struct RecipientResolved {
  Result<bool> known;  ///< False: nobody here has this address (550 5.1.1). An error: 4yz or 5yz by its Failure.
};
struct MessageBegun {
  Result<void> outcome;
};
struct Appended {
  Result<void> outcome;
};
struct Finished {
  Result<void> outcome;
};

/// What the log tells about a session at its end.
struct SessionRecord {
  std::string helo;
  std::uint32_t commands = 0;
  std::uint32_t errors = 0;      ///< 4yz and 5yz replies.
  std::uint64_t messages = 0;    ///< Accepted for at least one recipient.
  std::uint64_t deliveries = 0;  ///< Messages times recipients.
};

/// One LMTP session; used like pop3::ServerSession. Not thread-safe. Memory is bounded: one command line, one piece of
/// a message, the recipients of one transaction.
class ServerSession {
 public:
  explicit ServerSession(ServerSettings settings);
  ~ServerSession();
  ServerSession(ServerSession&&) noexcept;
  ServerSession& operator=(ServerSession&&) noexcept;

  void receive(std::string_view octets);
  void end_of_input();
  /// The time that time_limit() allows has passed without any octet from the peer: 421 and Close.
  void expire();
  /// The server is shutting down: 421 at the next point where no message is under way.
  void shut_down();

  Step next();

  void answer(RecipientResolved outcome);
  void answer(MessageBegun outcome);
  void answer(Appended outcome);
  void answer(Finished outcome);

  std::chrono::seconds time_limit() const;
  const SessionRecord& record() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace fermo::smtp
