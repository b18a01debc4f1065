#include "server/intake.h"

#include <utility>

#include "maildrop/error.h"

namespace fermo::server {

/// A user who was removed since RCPT makes the transport try again, and then RCPT gives the answer that is true.
Result<DropId> Intake::drop_of(const mail::Address& recipient) {
  if (const auto known = drops_.find(recipient.text()); known != drops_.end()) return known->second;
  const auto account = directory_.find(recipient);
  if (!account) return account.error();
  if (!*account) return maildrop::make_error_code(maildrop::Error::unavailable);
  return (*account)->drop;
}

mail::Trace Intake::trace(const smtp::Envelope& envelope, Timestamp received_at) const {
  mail::Trace trace;
  trace.reverse_path = envelope.reverse_path;
  trace.helo = envelope.helo;
  trace.peer = session_.peer;
  trace.by = session_.host_name;
  trace.protocol = envelope.smtputf8 ? "UTF8LMTP" : "LMTP";  // RFC 3848, RFC 6531 §4.3
  trace.id = session_.id;
  trace.received_at = received_at;
  return trace;
}

Result<void> Intake::finish(maildrop::Delivery& delivery, const smtp::Envelope& envelope,
                            const mail::WireSummary& summary, Timestamp received_at) {
  std::vector<maildrop::Recipient> recipients;
  recipients.reserve(envelope.recipients.size());
  mail::Trace fields = trace(envelope, received_at);
  for (const mail::Address& recipient : envelope.recipients) {
    const Result<DropId> drop = drop_of(recipient);
    if (!drop) return drop.error();
    fields.recipient = recipient;
    recipients.push_back(maildrop::Recipient{*drop, mail::trace_fields(fields), std::nullopt});
  }
  const auto finished = delivery.finish(summary, recipients, received_at);
  if (!finished) return finished.error();
  return {};
}

}  // namespace fermo::server
