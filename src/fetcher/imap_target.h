#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "fetch/target.h"
#include "fetcher/imap_connection.h"
#include "fetcher/spool.h"
#include "mail/message_text.h"

namespace fermo::fetcher {

/// Puts each message into a folder of an IMAP server, not seen, with the date at which it first came. The server's OK
/// means that it is there for good.
///
/// IMAP has no name under which a message could be there once. So where an earlier run, or a connection that broke
/// before the OK, may have left the message behind, the folder is searched for one of the same octets with the same
/// Message-ID (or else the same Date), and its header is compared. Only a message that has neither field can be there
/// twice after an interruption.
class ImapTarget final : public fetch::Target {
 public:
  /// `look_back`: an earlier session may have delivered what it could not record. Errors: unavailable, out_of_space.
  static Result<std::unique_ptr<ImapTarget>> open(ImapFolder folder, bool look_back);

  /// Always unknown: the name is nothing that IMAP could search for.
  Result<fetch::Presence> find(std::string_view name) override;
  /// Connects, unless it is connected. Errors: unreachable; misused (the login, the certificate or the folder is
  /// refused, or it is no IMAP).
  Result<void> begin(const fetch::Incoming& message) override;
  Result<void> append(std::string_view content) override;
  Result<void> end() override;
  void abandon() override;
  /// Nothing is left to do: end() has delivered.
  Result<void> commit() override { return {}; }
  Result<std::string> mark() override;
  std::string explanation() const override { return explanation_; }

 private:
  ImapTarget(ImapFolder folder, bool look_back, Spool spool)
      : folder_(std::move(folder)), look_back_(look_back), spool_(std::move(spool)) {}
  Result<void> connect();
  /// Whether the folder holds the message that begins with `head`.
  Result<fetch::Presence> look_for(const std::string& head);
  Result<void> outcome(const ImapConnection::Outcome& outcome);
  Result<void> broken(const imap::Close& close);

  const ImapFolder folder_;
  const bool look_back_;
  Spool spool_;
  mail::MessageText text_;
  std::unique_ptr<ImapConnection> connection_;
  std::optional<std::uint32_t> uid_next_;  ///< When this run began.
  std::set<std::uint32_t> recognised_;     ///< Each message stands for one that is given only.
  bool message_unknown_ = false;
  std::string explanation_;
};

}  // namespace fermo::fetcher
