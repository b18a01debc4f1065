#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/limits.h"
#include "base/secret.h"
#include "sasl/client_mechanism.h"
#include "smtp/client_reply.h"

/// The client's side of SMTP (RFC 5321) and LMTP (RFC 2033) without sockets, clocks, threads or files: octets go in,
/// steps for the driver come out. Made for handing on mail that must not get lost: one message at a time, to one
/// recipient.
namespace fermo::smtp::client {

enum class Protocol { smtp, lmtp };

enum class Tls {
  none,
  implicit,  ///< The connection began with TLS (RFC 8314 §3.3).
  starttls,  ///< STARTTLS before anything else; without it the session ends, and no mail leaves.
};

struct Login {
  std::string user;
  Secret secret;
  bool token = false;  ///< The secret is an OAuth access token.
};

struct Settings {
  Protocol protocol = Protocol::smtp;
  Tls tls = Tls::none;
  std::string own_name = "localhost";  ///< For EHLO or LHLO.
  std::optional<Login> login;          ///< Only under TLS.
  std::string host;                    ///< As the user gave it (OAUTHBEARER).
  std::uint16_t port = 0;
  sasl::ChannelBinding channel_binding;  ///< With Tls::implicit; with Tls::starttls it comes in TlsStarted.
  std::chrono::seconds reply_time_max = limits::client_reply_time_max;
};

/// What comes, told before its content (mail/message_text.h).
struct Message {
  std::string reverse_path;  ///< Empty: the null one, so that nobody gets a bounce.
  std::string recipient;
  std::uint64_t octets = 0;
  std::uint64_t line_octets_max = 0;
  bool eight_bit = false;
};

// --- Steps -----------------------------------------------------------------------------------------------------------

/// Flush everything sent so far, then read from the server and call receive().
struct NeedInput {};
/// Nothing is under way: give a message, or quit().
struct Idle {};
struct Send {
  std::string octets;
  bool secret = false;  ///< A password or the like: wipe it once it has left, and show it nowhere.
};
/// Flush, then do the client's side of the handshake and verify the certificate; answer(TlsStarted). Nothing that was
/// received is buffered here; the driver may not have read on either.
struct StartTls {};
/// Call content() with the next piece, or end_content().
struct NeedContent {};

/// What became of a message.
struct MessageDone {
  enum class Outcome {
    delivered,  ///< The server has taken it over and must not lose it (RFC 5321 §6.1).
    refused,    ///< For good.
    deferred,   ///< Later, perhaps.
  };
  Outcome outcome;
  /// It was not this message that was refused, but the sender or the recipient: others will fare no better.
  bool of_envelope = false;
  Reply reply;  ///< Without a code when the client refused on its own.
};

/// Why a session ended.
enum class End {
  quit,
  turned_away,           ///< 4yz or 5yz instead of a greeting, or to EHLO.
  closing,               ///< 421: the server is about to close (RFC 5321 §3.8).
  starttls_not_offered,  ///< It is demanded, and the server does not have it, or somebody in between hides it.
  starttls_refused,
  tls_failed,       ///< The driver said so.
  injected,         ///< Octets in the clear where only the handshake may come (RFC 3207 §6, CVE-2011-0411).
  no_login_method,  ///< None is announced and possible with these credentials, or there is no TLS.
  login_refused,
  disconnected,
  timed_out,
  protocol_violation,
};
/// Close the connection and forget the session. The last step.
struct Close {
  End end;
  Reply reply = {};
  /// All of a message had been sent and its answer never came: it may have been delivered.
  bool message_unknown = false;
};
using Step = std::variant<NeedInput, Idle, Send, StartTls, NeedContent, MessageDone, Close>;

struct TlsStarted {
  bool ok;  ///< The certificate was verified too.
  sasl::ChannelBinding channel_binding;
};

/// One session. Call next() and obey until it gives NeedInput, Idle, StartTls or NeedContent. Not thread-safe. Memory
/// is bounded: what one receive() brought, one line, one piece of content.
class ClientSession {
 public:
  explicit ClientSession(Settings settings);
  ~ClientSession();
  ClientSession(ClientSession&&) noexcept;
  ClientSession& operator=(ClientSession&&) noexcept;

  /// Takes octets from the server, cut anywhere. Only after NeedInput or Idle.
  void receive(std::string_view octets);
  /// The server will send nothing more.
  void end_of_input();
  /// The time that time_limit() allows has passed without any octet from the server.
  void expire();

  /// After Idle.
  void send(Message message);
  void quit();
  /// After NeedContent: up to limits::message_piece_octets_max of what MessageText made, not empty.
  void content(std::string_view piece);
  void end_content();

  Step next();
  void answer(TlsStarted outcome);

  /// How long the driver may wait for input before it calls expire().
  std::chrono::seconds time_limit() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace fermo::smtp::client
