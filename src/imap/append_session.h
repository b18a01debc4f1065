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
#include "base/secret.h"
#include "mail/date_time.h"
#include "sasl/client_mechanism.h"

/// As much of IMAP's client side (RFC 3501, which RFC 9051 servers speak too) as it takes to put messages into one
/// folder, and to find out whether one is there already. No sockets, clocks, threads or files: octets go in, steps for
/// the driver come out.
namespace fermo::imap {

enum class Tls {
  implicit,  ///< The connection began with TLS (RFC 8314 §3.2).
  starttls,  ///< STARTTLS before anything else; without it the session ends, and no credential leaves.
};

struct Settings {
  Tls tls = Tls::implicit;
  std::string user;
  Secret secret;
  bool token = false;  ///< The secret is an OAuth access token.
  std::string host;    ///< As the user gave it (OAUTHBEARER).
  std::uint16_t port = 0;
  sasl::ChannelBinding channel_binding;  ///< With Tls::implicit; with Tls::starttls it comes in TlsStarted.
  std::string folder;                    ///< In UTF-8; made when it is not there.
  std::chrono::seconds reply_time_max = limits::client_reply_time_max;
};

// --- Orders, one at a time -------------------------------------------------------------------------------------------

/// A message of lines that end in CRLF; NeedContent asks for it. It will not be marked as seen.
struct Append {
  std::uint64_t octets = 0;
  std::optional<mail::DateTime> date;  ///< The internal date; nothing: now.
};
/// Messages of exactly so many octets whose header field holds `value`, which is printable ASCII.
struct Search {
  std::uint64_t octets = 0;
  std::string field;
  std::string value;
};

// --- Steps -----------------------------------------------------------------------------------------------------------

/// Flush everything sent so far, then read from the server and call receive().
struct NeedInput {};
/// The folder is open and nothing is under way: give an order.
struct Idle {};
struct Send {
  std::string octets;
  bool secret = false;  ///< A password or the like: wipe it once it has left, and show it nowhere.
};
/// Flush, then do the client's side of the handshake and verify the certificate; answer(TlsStarted). Nothing that was
/// received is buffered here; the driver may not have read on either.
struct StartTls {};
/// Call content() until all announced octets were given.
struct NeedContent {};
/// The message is in the folder for good.
struct Appended {};
/// The server does not take this message.
struct Refused {
  bool for_good = false;
  std::string words;  ///< The server's, cleaned.
};
struct Found {
  std::vector<std::uint32_t> uids;  ///< At most limits::imap_found_max.
};
/// Of one message, with the blank line; empty when it is longer than limits::head_identity_octets_max, or gone.
struct Header {
  std::string octets;
};

/// Why a session ended.
enum class End {
  logout,
  turned_away,  ///< BYE in the place of a greeting.
  closing,      ///< BYE later.
  starttls_not_offered,
  starttls_refused,
  tls_failed,       ///< The driver said so.
  injected,         ///< Octets in the clear where only the handshake may come, or a login that nobody made.
  no_login_method,  ///< None is announced and possible with these credentials.
  login_refused,
  no_folder,  ///< It can be neither opened nor made.
  disconnected,
  timed_out,
  protocol_violation,
};
/// Close the connection and forget the session. The last step.
struct Close {
  End end;
  bool passing = false;          ///< The server said that it will be better later (RFC 5530 [UNAVAILABLE]).
  std::string words = {};        ///< The server's, cleaned, or what was wrong with them.
  bool message_unknown = false;  ///< All of a message had been sent and its answer never came.
};
using Step = std::variant<NeedInput, Idle, Send, StartTls, NeedContent, Appended, Refused, Found, Header, Close>;

struct TlsStarted {
  bool ok;  ///< The certificate was verified too.
  sasl::ChannelBinding channel_binding;
};

/// One session; used like smtp::client::ClientSession. Not thread-safe. Memory is bounded.
class AppendSession {
 public:
  explicit AppendSession(Settings settings);
  ~AppendSession();
  AppendSession(AppendSession&&) noexcept;
  AppendSession& operator=(AppendSession&&) noexcept;

  /// Takes octets from the server, cut anywhere. Only after NeedInput or Idle.
  void receive(std::string_view octets);
  void end_of_input();
  /// The time that time_limit() allows has passed without any octet from the server.
  void expire();

  /// After Idle.
  void append(const Append& order);
  void search(const Search& order);
  void fetch_header(std::uint32_t uid);
  void logout();
  /// After NeedContent: not empty.
  void content(std::string_view piece);

  Step next();
  void answer(TlsStarted outcome);
  std::chrono::seconds time_limit() const;
  /// What stood in the folder when it was opened has lower ones. 0 when the server did not say.
  std::uint32_t uid_next() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace fermo::imap
