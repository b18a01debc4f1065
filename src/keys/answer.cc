#include "keys/answer.h"

#include <utility>
#include <variant>

#include "keys/wire.h"

namespace fermo::keys {
namespace {

class Answerer {
 public:
  Answerer(const KeyRing& ring, tickets::TicketKeys& ticket_keys, tickets::TicketKeys::Clock::time_point now)
      : ring_(ring), ticket_keys_(ticket_keys), now_(now) {}

  Reply operator()(const request::Hello& hello) const {
    if (hello.version != protocol_version) return reply::Failed{Error::unsupported};
    return reply::Welcome{static_cast<KeyNumber>(ring_.size())};
  }

  Reply operator()(const request::GetCertificates& get) const {
    auto chain = ring_.chain(get.key);
    if (!chain) return failed(chain.error());
    return reply::Certificates{std::move(*chain)};
  }

  Reply operator()(const request::Sign& sign) const {
    auto signature = ring_.sign(sign.key, sign.scheme, sign.content);
    if (!signature) return failed(signature.error());
    return reply::Signature{std::move(*signature)};
  }

  Reply operator()(const request::GetTicketKeys&) const { return reply::TicketKeys{ticket_keys_.all(now_)}; }

 private:
  static Reply failed(const error_code& error) { return reply::Failed{static_cast<Error>(error.value())}; }

  const KeyRing& ring_;
  tickets::TicketKeys& ticket_keys_;
  const tickets::TicketKeys::Clock::time_point now_;
};

}  // namespace

std::optional<std::string> answer(const KeyRing& ring, tickets::TicketKeys& ticket_keys, std::string_view payload,
                                  tickets::TicketKeys::Clock::time_point now) {
  const auto request = decode_request(payload);
  if (!request) return std::nullopt;
  return encode(std::visit(Answerer(ring, ticket_keys, now), *request));
}

}  // namespace fermo::keys
