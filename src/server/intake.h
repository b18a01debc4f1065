#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "account/directory.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "mail/trace_fields.h"
#include "mail/wire_message.h"
#include "maildrop/maildrop.h"
#include "smtp/server_session.h"

namespace fermo::server {

/// The end of one message's way in: who gets it, with what trace fields. Blocking; owns all it works with but the
/// directory.
class Intake {
 public:
  /// What the trace fields of all recipients share; `reverse_path`, `helo`, `protocol` and `recipient` are taken from
  /// the envelope.
  struct Session {
    std::string peer;
    std::string host_name;
    std::string id;
  };

  /// `drops`: recipients that have been looked up already, by the text of their address.
  Intake(account::Directory& directory, std::map<std::string, DropId> drops, Session session)
      : directory_(directory), drops_(std::move(drops)), session_(std::move(session)) {}

  /// Makes the message durable for all recipients, or for none.
  Result<void> finish(maildrop::Delivery& delivery, const smtp::Envelope& envelope, const mail::WireSummary& summary,
                      Timestamp received_at);

 private:
  Result<DropId> drop_of(const mail::Address& recipient);
  mail::Trace trace(const smtp::Envelope& envelope, Timestamp received_at) const;

  account::Directory& directory_;
  std::map<std::string, DropId> drops_;
  Session session_;
};

}  // namespace fermo::server
