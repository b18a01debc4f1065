#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "account/account.h"
#include "maildrop/maildrop.h"
#include "pop3/server_session.h"
#include "server/connection.h"
#include "server/message_reader.h"

namespace fermo::server {

/// Obeys the steps of one pop3::ServerSession: the octets go to the socket, logins to the login pool, the maildrop's
/// work to the store pool. Knows nothing of the protocol but its steps.
class Pop3Connection final : public Connection {
 public:
  explicit Pop3Connection(Accepted accepted);

 private:
  Awaitable<void> converse() override;
  Awaitable<void> release() override;
  void shut_down_core() override { session_.shut_down(); }
  void receive(std::string_view octets) override;
  void end_of_input() override { session_.end_of_input(); }
  void expire_core() override { session_.expire(); }
  runtime::Watchdog::Clock::time_point deadline() const override;
  void describe(LogLine& line) const override;

  // One for each step. False: the session is over.
  Awaitable<bool> obey(pop3::NeedInput) { return take_input(); }
  Awaitable<bool> obey(pop3::Send step) { return send(std::move(step.octets)); }
  Awaitable<bool> obey(pop3::StartTls step);
  Awaitable<bool> obey(pop3::Verify step);
  Awaitable<bool> obey(pop3::OpenMaildrop step);
  Awaitable<bool> obey(pop3::ReadScanListings step);
  Awaitable<bool> obey(pop3::SendMessage step);
  Awaitable<bool> obey(pop3::Commit step);
  Awaitable<bool> obey(pop3::Close step);

  void tls_failed(const error_code& failure);
  Awaitable<Result<MessageReader::Piece>> read_piece();
  Awaitable<bool> send_rest(bool ended);

  pop3::ServerSession session_;
  std::optional<account::Account> account_;       ///< Whom the last Verify accepted.
  std::shared_ptr<maildrop::Snapshot> maildrop_;  ///< Jobs share it, so that none can outlive it.
  std::shared_ptr<MessageReader> message_;        ///< The message on its way out.
};

}  // namespace fermo::server
