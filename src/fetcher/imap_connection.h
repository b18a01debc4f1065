#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "base/result.h"
#include "fetcher/blocking_link.h"
#include "fetcher/spool.h"
#include "imap/append_session.h"
#include "runtime/tls_client_context.h"

namespace fermo::fetcher {

/// A folder that mail is put into.
struct ImapFolder {
  imap::Settings session;  ///< With host and port.
  std::shared_ptr<const runtime::TlsClientContext> tls;
};

/// One connection to a server of IMAP with the client core on it. Blocking; used by one thread at a time.
class ImapConnection {
 public:
  explicit ImapConnection(ImapFolder folder) : folder_(std::move(folder)) {}
  /// Says LOGOUT when nothing is under way.
  ~ImapConnection();
  ImapConnection(const ImapConnection&) = delete;
  ImapConnection& operator=(const ImapConnection&) = delete;

  /// Connects, logs in and opens the folder. Nothing on success; else why not. Once.
  std::optional<imap::Close> open();
  /// See AppendSession::uid_next().
  std::uint32_t uid_next() const { return session_->uid_next(); }

  // The outcome of each order, or Close: then the connection is over.
  using Outcome = std::variant<imap::Appended, imap::Refused, imap::Found, imap::Header, imap::Close>;
  /// All that the spool holds, flushed.
  Outcome append(Spool& content, std::optional<mail::DateTime> date);
  Outcome search(const imap::Search& order);
  Outcome fetch_header(std::uint32_t uid);

  /// What the system or TLS said about the end, or this side's disk; nothing when the server ended it.
  const error_code& failure() const { return failure_; }
  /// Why the certificate was refused, if it was.
  std::optional<runtime::CertificateProblem> certificate_problem() const { return link_.certificate_problem(); }

 private:
  imap::Step next();
  Outcome outcome();
  void write(imap::Send step);
  void read();
  bool start_tls();
  void note(const error_code& failure);

  const ImapFolder folder_;
  BlockingLink link_;
  std::optional<imap::AppendSession> session_;
  error_code failure_;
  bool broken_ = false;
  bool idle_ = false;
  bool leaving_ = false;
};

}  // namespace fermo::fetcher
