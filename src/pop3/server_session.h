#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "mail/listing.h"
#include "sasl/password_login.h"

/// The server's side of RFC 1939 without sockets, clocks, threads or stores: octets go in, steps for the driver come
/// out.
namespace fermo::pop3 {

struct ServerSettings {
  std::string host_name;          ///< For the greeting.
  std::string implementation;     ///< For IMPLEMENTATION (RFC 2449 §6.9); empty: not announced.
  bool tls_available = false;     ///< STLS is offered until TLS is active.
  bool plaintext_logins = false;  ///< Passwords are taken without TLS (a loopback peer, or by wish of the operator).
  std::optional<std::chrono::seconds> login_delay;  ///< Announced only when somebody enforces it.
  std::optional<std::uint32_t> expire_days;         ///< Announced only when somebody enforces it; `expire_never` too.
  bool expire_never = false;
  std::chrono::seconds autologout = limits::pop3_autologout;
  std::chrono::seconds unauthenticated_time_max = limits::unauthenticated_time_max;
};

// --- Steps: what the driver has to do next ---------------------------------------------------------------------------

/// Flush everything sent so far, then read from the peer and call receive().
struct NeedInput {};
/// Queue these octets for the peer. They need not leave before the next step that waits.
struct Send {
  std::string octets;
};
/// Flush, then do the server's side of the handshake; answer(TlsStarted). Produced only when no input is buffered.
struct StartTls {};
/// Have this login decided; answer(Verified).
struct Verify {
  sasl::PasswordLogin login;
};
/// Open the maildrop of the account that the last Verify accepted; answer(MaildropOpened).
struct OpenMaildrop {
  std::string account;
};
/// Answer with the scan listings of `count` messages from `first` on; answer(ScanListings).
struct ReadScanListings {
  MessageNumber first;
  std::size_t count;
};
/// Queue `preface` and after it the message, or its header and the first `body_lines` lines of its body;
/// answer(MessageSent). The preface may leave only when the first piece of the message has been read. The terminating
/// dot is the session's to send.
struct SendMessage {
  MessageNumber number;
  std::string preface;
  std::optional<std::uint64_t> body_lines;  ///< TOP; nothing: the whole message.
};
/// Delete these messages for good; answer(Committed). Produced by QUIT in TRANSACTION and by nothing else.
struct Commit {
  std::vector<MessageNumber> deletions;  ///< Ascending, not empty.
};
/// Why a session ended, for the log and for counters.
enum class End {
  quit,          ///< The client said QUIT.
  disconnected,  ///< The peer closed without QUIT; nothing is deleted.
  autologout,    ///< RFC 1939 §3; nothing is deleted.
  too_many_errors,
  too_many_logins,
  tls_failed,
  protocol_violation,  ///< Octets in the clear after STLS, or a line that never ends.
  failure,    ///< Ours: a message or a listing could not be sent whole, a login or a QUIT could not be carried out.
  shut_down,  ///< shut_down() was called; nothing is deleted, and nothing is said (as RFC 1939 §3 asks of autologout).
};
/// Flush, close the connection and forget the session.
struct Close {
  End end;
};
using Step =
    std::variant<NeedInput, Send, StartTls, Verify, OpenMaildrop, ReadScanListings, SendMessage, Commit, Close>;

// --- Answers: how it went --------------------------------------------------------------------------------------------

struct TlsStarted {
  bool ok;
};
struct Verified {
  Result<sasl::Verdict> verdict;
  std::string account;  ///< Its canonical name, when accepted.
};
struct MaildropOpened {
  Result<mail::DropListing> listing;
};
struct ScanListings {
  Result<std::vector<mail::ScanListing>> listings;
};
struct MessageSent {
  /// An error with `begun` false: nothing was queued, the client gets -ERR. With `begun` true the connection closes.
  Result<void> outcome;
  bool begun;
};
struct Committed {
  Result<void> outcome;
};

/// What the log tells about a session at its end.
struct SessionRecord {
  std::string user;  ///< As the client gave it, unverified, when no login succeeded.
  bool authenticated = false;
  std::uint32_t commands = 0;
  std::uint32_t errors = 0;     ///< -ERR replies.
  std::uint64_t retrieved = 0;  ///< Messages sent whole (RETR).
  std::uint64_t topped = 0;     ///< TOP.
  std::uint64_t deleted = 0;    ///< Committed.
};

/// One session. Call next() until it gives NeedInput or a step that wants an answer; then receive() or answer(), then
/// next() again. Not thread-safe. Memory is bounded: one command line, one page of scan listings, one bit a message.
class ServerSession {
 public:
  /// `tls_active`: the connection began with TLS (pop3s).
  ServerSession(ServerSettings settings, bool tls_active);
  ~ServerSession();
  ServerSession(ServerSession&&) noexcept;
  ServerSession& operator=(ServerSession&&) noexcept;

  /// Takes octets from the peer, cut anywhere. Only after NeedInput: so nothing can slip in between STLS and StartTls.
  void receive(std::string_view octets);
  /// The peer will send nothing more. The whole commands that are buffered are still obeyed.
  void end_of_input();
  /// The time that time_limit() allows has passed without any octet from the peer. A command under way is finished
  /// first.
  void expire();
  /// The server is shutting down: the session ends at the next point where nothing is half done.
  void shut_down();

  Step next();

  void answer(TlsStarted outcome);
  void answer(Verified outcome);
  void answer(MaildropOpened outcome);
  void answer(ScanListings outcome);
  void answer(MessageSent outcome);
  void answer(Committed outcome);

  /// How long the driver may wait for input before it calls expire(); before login it counts from the session's start.
  std::chrono::seconds time_limit() const;
  bool authenticated() const;
  const SessionRecord& record() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace fermo::pop3
