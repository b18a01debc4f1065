#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <variant>

#include "base/result.h"
#include "fetcher/blocking_link.h"
#include "fetcher/spool.h"
#include "runtime/tls_client_context.h"
#include "smtp/client_session.h"

namespace fermo::fetcher {

/// Where mail is handed on to.
struct MailServer {
  smtp::client::Settings session;                        ///< With host and port.
  std::filesystem::path socket;                          ///< A unix socket in the place of host and port.
  std::shared_ptr<const runtime::TlsClientContext> tls;  ///< Unused with Tls::none.
};

/// One connection to a server of SMTP or LMTP with the client core on it. Blocking; used by one thread at a time.
class SmtpConnection {
 public:
  explicit SmtpConnection(MailServer server) : server_(std::move(server)) {}
  /// Says QUIT when nothing is under way.
  ~SmtpConnection();
  SmtpConnection(const SmtpConnection&) = delete;
  SmtpConnection& operator=(const SmtpConnection&) = delete;

  /// Connects and logs in. Nothing on success; else why not, and the connection is over. Once.
  std::optional<smtp::client::Close> open();

  using Sent = std::variant<smtp::client::MessageDone, smtp::client::Close>;
  /// The message is all that the spool holds, flushed, in the form that MessageText makes. After Close the connection
  /// is over.
  Sent send(smtp::client::Message message, Spool& content);

  /// What the system or TLS said about the end, or this side's disk; nothing when the server ended it.
  const error_code& failure() const { return failure_; }
  /// Why the certificate was refused, if it was.
  std::optional<runtime::CertificateProblem> certificate_problem() const { return link_.certificate_problem(); }

 private:
  using Step = smtp::client::Step;
  Step next();
  void write(smtp::client::Send step);
  void read();
  bool start_tls();
  void note(const error_code& failure);

  const MailServer server_;
  BlockingLink link_;
  std::optional<smtp::client::ClientSession> session_;
  error_code failure_;
  bool broken_ = false;
  bool idle_ = false;
  bool quitting_ = false;
};

}  // namespace fermo::fetcher
