#pragma once

#include <memory>
#include <string>

#include "fetch/target.h"
#include "fetcher/smtp_connection.h"
#include "fetcher/spool.h"
#include "mail/message_text.h"

namespace fermo::fetcher {

/// Hands each message on to a server of LMTP or SMTP, for one recipient and with the null reverse-path, so that nobody
/// ever gets a bounce for mail that was fetched. The server's 250 to the mail data means that it has taken the message
/// over for good. The message goes once it is here as a whole, so the server never sees one that was cut off.
///
/// What is said about the message itself decides about it alone: 5yz refuses it for good, 4yz defers it. What is said
/// about the recipient or the sender concerns every message and ends the session. When the connection breaks between
/// the end of the mail data and the answer, nobody can know whether the message was taken: it is given again, and may
/// then be there twice.
class SmtpTarget final : public fetch::Target {
 public:
  /// Errors: unavailable, out_of_space.
  static Result<std::unique_ptr<SmtpTarget>> open(MailServer server, std::string recipient);

  /// Always unknown.
  Result<fetch::Presence> find(std::string_view name) override;
  /// Connects, unless it is connected. Errors: unreachable; misused (the login or the certificate is refused, or it is
  /// no mail server).
  Result<void> begin(const fetch::Incoming& message) override;
  Result<void> append(std::string_view content) override;
  Result<void> end() override;
  void abandon() override;
  /// Nothing is left to do: end() has delivered.
  Result<void> commit() override { return {}; }
  Result<std::string> mark() override;
  std::string explanation() const override { return explanation_; }

 private:
  SmtpTarget(MailServer server, std::string recipient, Spool spool)
      : server_(std::move(server)), recipient_(std::move(recipient)), spool_(std::move(spool)) {}
  Result<void> connect();
  Result<void> outcome(const smtp::client::MessageDone& done);
  Result<void> broken(const smtp::client::Close& close);

  const MailServer server_;
  const std::string recipient_;
  Spool spool_;
  mail::MessageText text_;
  std::unique_ptr<SmtpConnection> connection_;
  std::string explanation_;
};

}  // namespace fermo::fetcher
