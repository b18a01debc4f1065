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
#include "base/secret.h"
#include "mail/listing.h"
#include "pop3/client_capabilities.h"
#include "pop3/client_reply.h"
#include "pop3/command.h"
#include "sasl/client_mechanism.h"

/// The client's side of RFC 1939 without sockets, clocks, threads or stores: octets go in, steps for the driver come
/// out. Its types are in the namespace `client`, since many have a namesake on the server's side.
namespace fermo::pop3::client {

enum class Tls {
  implicit,  ///< The connection began with TLS (pop3s, RFC 8314 §3.3).
  stls,      ///< STLS before anything else; without it the session ends, and no credential leaves.
  none,      ///< Only by explicit wish.
};

/// How far a server's PIPELINING (RFC 2449 §6.6) is believed.
enum class Pipelining {
  off,    ///< One command at a time.
  probe,  ///< When announced: four commands at first, the whole window once so many were answered.
  on,     ///< When announced: the whole window from the start, because it has worked before.
};

/// What a login can be made with.
enum class CredentialKind { password, token, certificate };

/// Ways to log in that are no SASL mechanism.
struct UserPass {
  friend bool operator==(UserPass, UserPass) = default;
};
/// RFC 1939 §7. MD5 does not protect the password (CVE-2007-1558), so it is used only when Settings::methods names it.
struct Apop {
  friend bool operator==(Apop, Apop) = default;
};
using LoginMethod = std::variant<sasl::Mechanism, UserPass, Apop>;
/// "SCRAM-SHA-256", "USER", "APOP".
std::string_view name_of(const LoginMethod& method);

struct Settings {
  Tls tls = Tls::implicit;
  /// A password or token may leave without TLS. Methods that do not reveal it may be used there in any case.
  bool plaintext_logins = false;
  CredentialKind kind = CredentialKind::password;
  std::string user;
  Secret secret;                       ///< Password or token.
  std::string authorization_identity;  ///< Whose maildrop is wanted; empty: the user's own. SASL only.
  /// Only these, in this order; empty: every method but APOP, the safest first.
  std::vector<LoginMethod> methods;
  std::string host;  ///< As the user gave it (OAUTHBEARER).
  std::uint16_t port = 0;
  sasl::ChannelBinding channel_binding;  ///< With Tls::implicit; with Tls::stls it comes in TlsStarted.
  Pipelining pipelining = Pipelining::probe;
  /// Commands that are not answered yet have so many octets at most; at least one command always goes.
  std::size_t window_octets = limits::client_window_octets;
  /// What the server could do in an earlier session, under TLS, before login: spares one round trip. After a login that
  /// was refused for it, try again without.
  std::optional<Capabilities> remembered_capabilities;
  std::uint64_t message_octets_max = limits::client_message_octets_max;  ///< A longer one ends the session.
  std::uint64_t listing_octets_max = limits::client_listing_octets_max;  ///< Likewise.
  std::chrono::seconds reply_time_max = limits::client_reply_time_max;   ///< See ClientSession::time_limit().
  /// See ClientSession::progress_time_limit(); nothing: limits::client_progress_time_max, longer as `reply_time_max` is.
  std::optional<std::chrono::seconds> progress_time_max = {};
};

// --- Orders: what the driver wants done ------------------------------------------------------------------------------

/// One command of the TRANSACTION state. Make them with the functions below.
struct Order {
  Verb verb = Verb::noop;
  std::optional<MessageNumber> message;
  std::uint64_t body_lines = 0;  ///< TOP.
  friend bool operator==(const Order&, const Order&) = default;

  static Order stat() { return {.verb = Verb::stat, .message = {}}; }
  /// All scan listings.
  static Order list() { return {.verb = Verb::list, .message = {}}; }
  static Order list(MessageNumber n) { return {.verb = Verb::list, .message = n}; }
  /// All unique-ids.
  static Order uidl() { return {.verb = Verb::uidl, .message = {}}; }
  static Order uidl(MessageNumber n) { return {.verb = Verb::uidl, .message = n}; }
  static Order retr(MessageNumber n) { return {.verb = Verb::retr, .message = n}; }
  static Order top(MessageNumber n, std::uint64_t lines) {
    return {.verb = Verb::top, .message = n, .body_lines = lines};
  }
  static Order dele(MessageNumber n) { return {.verb = Verb::dele, .message = n}; }
  static Order noop() { return {.verb = Verb::noop, .message = {}}; }
  static Order rset() { return {.verb = Verb::rset, .message = {}}; }
  /// The last one.
  static Order quit() { return {.verb = Verb::quit, .message = {}}; }
};

// --- Steps: what the driver has to do next, or learns ----------------------------------------------------------------

/// Flush everything sent so far, then read from the server and call receive(). Giving orders and calling next() again
/// is allowed too.
struct NeedInput {};
/// Every order is answered, and nothing is to be read: give orders. A driver that has none yet may read, so that it
/// learns when the server closes.
struct Idle {};
/// Queue these octets for the server. They need not leave before the next step that waits.
struct Send {
  std::string octets;
  bool secret = false;  ///< A password or the like: wipe it once it has left, and show it nowhere.
};
/// Flush, then do the client's side of the handshake and verify the certificate; answer(TlsStarted). Nothing that was
/// received is buffered here; the driver may not have read on either.
struct StartTls {};
/// Logged in. Comes before the outcome of any order.
struct Ready {
  Capabilities capabilities;               ///< As they are after login; without CAPA nothing is `known`.
  Capabilities capabilities_before_login;  ///< Under TLS if any: what Settings::remembered_capabilities wants.
  std::string greeting;                    ///< Cleaned; empty when it came before STLS.
  LoginMethod method;
};

/// STAT.
struct Status {
  mail::DropListing listing;
};
/// Some lines of LIST, or the one line of `LIST n`. As the server gave them: message-numbers may repeat or be too
/// large.
struct ScanListings {
  struct Entry {
    MessageNumber number;
    Octets octets;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries;
};
/// Some lines of UIDL, or the one line of `UIDL n`.
struct UniqueIds {
  struct Entry {
    MessageNumber number;
    std::string unique_id;  ///< Whether RFC 1939 §7 allows it or not; empty when there is none, or it is far too long.
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries;
};
/// LIST or UIDL without a number is through.
struct ListingEnded {
  Verb verb;
  std::uint64_t unusable_lines = 0;  ///< That had no message-number, or no number of octets.
};
/// RETR or TOP: its pieces follow, and then MessageEnded. Nothing else comes in between but Send and NeedInput, and
/// Close when the message stays unfinished.
struct MessageBegun {
  Order order;
  std::optional<Octets> announced;  ///< By the reply, if at all; not to be relied on.
};
/// Content with the byte-stuffing undone, at most limits::message_piece_octets_max and never empty. Line ends are as
/// they came, which ought to be CRLF.
struct MessagePiece {
  std::string octets;
};
/// All of the message has arrived.
struct MessageEnded {
  Order order;
  Octets octets;  ///< Of all pieces.
};
/// DELE, NOOP or RSET is done. What DELE marks goes only when QUIT is confirmed.
struct OrderDone {
  Order order;
};
/// -ERR to an order. The session goes on.
struct OrderRefused {
  Order order;
  ResponseCode code = ResponseCode::none;
  std::string text;  ///< The server's words, cleaned (client_reply.h).
};

/// Why a session ended.
enum class End {
  quit,                  ///< +OK to QUIT: what was marked is deleted.
  quit_failed,           ///< -ERR to QUIT: some of what was marked may still be there (RFC 1939 §6).
  turned_away,           ///< -ERR instead of a greeting.
  stls_not_offered,      ///< STLS is demanded, and the server does not have it, or somebody in between hides it.
  stls_refused,          ///< -ERR to STLS.
  tls_failed,            ///< The driver said so.
  injected,              ///< Octets in the clear where only the handshake may come (RFC 2595 §4, CVE-2021-22947).
  remembered_outdated,   ///< The server has learnt UTF8 since Settings::remembered_capabilities; try again without.
  no_login_method,       ///< None is announced, allowed and possible with these credentials.
  credentials_unusable,  ///< User or password cannot be sent by any method: a line end, a NUL.
  login_refused,
  server_not_authentic,  ///< The server does not know the password, though it says +OK (RFC 5802 §5).
  message_too_large,     ///< More than Settings::message_octets_max.
  disconnected,          ///< The server closed without QUIT having been answered.
  timed_out,
  protocol_violation,  ///< What came was no POP3, or had no end.
};
/// Close the connection and forget the session. The last step.
struct Close {
  End end;
  ResponseCode code = ResponseCode::none;
  std::string text = {};        ///< The server's last words, cleaned, or what was wrong with them; may be empty.
  std::string sasl_error = {};  ///< What an OAuth server said in its error challenge (RFC 7628 §3.2.2), cleaned.
  /// It broke when more commands were waiting than this server had ever answered at once: reconnect with
  /// Pipelining::off and remember that.
  bool pipelining_suspected = false;
};
using Step = std::variant<NeedInput, Idle, Send, StartTls, Ready, Status, ScanListings, UniqueIds, ListingEnded,
                          MessageBegun, MessagePiece, MessageEnded, OrderDone, OrderRefused, Close>;

// --- Answers ---------------------------------------------------------------------------------------------------------

struct TlsStarted {
  bool ok;  ///< The certificate was verified too.
  sasl::ChannelBinding channel_binding;
};

/// What the log tells about a session at its end.
struct SessionRecord {
  std::uint64_t commands = 0;
  std::uint64_t replies = 0;    ///< Received to their end, the greeting included.
  std::uint64_t refusals = 0;   ///< -ERR replies.
  std::uint64_t retrieved = 0;  ///< Messages received whole (RETR).
  std::uint64_t topped = 0;     ///< TOP.
  std::uint64_t deleted = 0;    ///< DELEs that a confirmed QUIT made good.
  Octets octets;                ///< Of message content.
  /// Enough commands were answered at once to use Pipelining::on from now on. A short session proves nothing.
  bool pipelining_proven = false;
};

class Core;

}  // namespace fermo::pop3::client

namespace fermo::pop3 {

/// One session. Call next() and obey until it gives NeedInput, Idle or StartTls; then receive(), order() or answer(),
/// then next() again. Orders may be given at any time before order(quit), before Ready too: none leaves before the
/// login, and they are answered in their order. Not thread-safe. Memory is bounded: what one receive() brought, one
/// line, one page of a listing, and the orders that wait.
class ClientSession {
 public:
  explicit ClientSession(client::Settings settings);
  ~ClientSession();
  ClientSession(ClientSession&&) noexcept;
  ClientSession& operator=(ClientSession&&) noexcept;

  /// Takes octets from the server, cut anywhere. Only after NeedInput or Idle: so nothing can slip in between STLS and
  /// its handshake.
  void receive(std::string_view octets);
  /// The server will send nothing more. What is buffered is still looked at.
  void end_of_input();
  /// The time that time_limit() allows has passed without any octet from the server, or that of progress_time_limit()
  /// without progress.
  void expire();

  void order(client::Order order);
  /// Orders that are not answered yet, whether they have left or not.
  std::size_t orders_waiting() const;
  /// One more order would leave at the next call of next(), without waiting for an answer: the time to give it. Give
  /// orders while it is true, and the window is full. False before the login.
  bool window_open() const;

  client::Step next();
  void answer(client::TlsStarted outcome);

  /// How long the driver may wait for input before it calls expire(): longer for the answer to QUIT, by what is to be
  /// deleted.
  std::chrono::seconds time_limit() const;
  /// How long the driver may wait in all, however many octets come meanwhile, before it calls expire(): until a command
  /// has left, a reply has come to its end (SessionRecord::replies) or limits::client_progress_octets have come.
  std::chrono::seconds progress_time_limit() const;
  const client::SessionRecord& record() const;

 private:
  std::unique_ptr<client::Core> core_;
};

}  // namespace fermo::pop3
