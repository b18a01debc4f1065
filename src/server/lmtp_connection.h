#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "account/account.h"
#include "maildrop/maildrop.h"
#include "server/connection.h"
#include "smtp/server_session.h"

namespace fermo::server {

/// Obeys the steps of one smtp::ServerSession in its LMTP role: recipients are looked up in the directory, the message
/// goes into the store piece by piece, and each recipient gets trace fields of their own.
class LmtpConnection final : public Connection {
 public:
  explicit LmtpConnection(Accepted accepted);

 private:
  Awaitable<void> converse() override;
  Awaitable<void> release() override;
  void shut_down_core() override { session_.shut_down(); }
  void receive(std::string_view octets) override { session_.receive(octets); }
  void end_of_input() override { session_.end_of_input(); }
  void expire_core() override { session_.expire(); }
  runtime::Watchdog::Clock::time_point deadline() const override;
  void describe(LogLine& line) const override;

  // One for each step. False: the session is over.
  Awaitable<bool> obey(smtp::NeedInput) { return take_input(); }
  Awaitable<bool> obey(smtp::Send step) { return send(std::move(step.octets)); }
  Awaitable<bool> obey(smtp::ResolveRecipient step);
  Awaitable<bool> obey(smtp::BeginMessage step);
  Awaitable<bool> obey(smtp::Append step);
  Awaitable<bool> obey(smtp::FinishMessage step);
  Awaitable<bool> obey(smtp::AbandonMessage step);
  Awaitable<bool> obey(smtp::Close step);

  void remember(const mail::Address& recipient, const account::Account& account);

  smtp::ServerSession session_;
  std::map<std::string, DropId> drops_;           ///< Of recipients that were looked up; a memory, not the truth.
  std::shared_ptr<maildrop::Delivery> delivery_;  ///< Jobs share it, so that none can outlive it.
  std::uint64_t transactions_ = 0;
};

}  // namespace fermo::server
