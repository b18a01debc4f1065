#include "keys/key_session.h"

#include <utility>

#include "base/limits.h"
#include "base/secret.h"

namespace fermo::keys {
namespace {

Reply failed(const error_code& error) {
  return reply::Failed{static_cast<Error>(error.value())};
}

}  // namespace

KeySession::~KeySession() {
  wipe(output_);
}

bool KeySession::receive(std::string_view octets, Now now) {
  if (failed_ || octets.empty()) return !failed_;
  failed_ = true;  // until this was found to be right
  if (!output_.empty() || octets.size() > length_octets + limits::keys_request_octets_max - input_.size()) return false;
  input_.append(octets);
  if (input_.size() >= length_octets) {
    const std::size_t payload_octets = length_of_frame(input_);
    const std::size_t frame_octets = length_octets + payload_octets;
    if (payload_octets == 0 || payload_octets > limits::keys_request_octets_max) return false;
    if (input_.size() > frame_octets) return false;
    if (input_.size() == frame_octets) {
      if (!answer(std::string_view(input_).substr(length_octets), now)) return false;
      input_.clear();
    }
  }
  failed_ = false;
  return true;
}

void KeySession::take_output(std::string& out) {
  out.append(output_);
  wipe(output_);
}

bool KeySession::answer(std::string_view payload, Now now) {
  const auto request = decode_request(payload);
  if (!request || std::holds_alternative<request::Hello>(*request) == greeted_) return false;
  const Reply reply = std::visit([&](const auto& alternative) { return obey(alternative, now); }, *request);
  std::string encoded = encode(reply);
  output_ = frame(encoded);
  wipe(encoded);
  return true;
}

Reply KeySession::obey(const request::Hello& hello, Now) {
  if (hello.version != protocol_version) return reply::Failed{Error::unsupported};
  greeted_ = true;
  return reply::Welcome{static_cast<KeyNumber>(ring_.size())};
}

Reply KeySession::obey(const request::GetCertificates& get, Now) const {
  auto chain = ring_.chain(get.key);
  if (!chain) return failed(chain.error());
  return reply::Certificates{std::move(*chain)};
}

Reply KeySession::obey(const request::Sign& sign, Now) const {
  auto signature = ring_.sign(sign.key, sign.scheme, sign.content);
  if (!signature) return failed(signature.error());
  return reply::Signature{std::move(*signature)};
}

Reply KeySession::obey(const request::GetTicketKeys&, Now now) {
  return reply::TicketKeys{ticket_keys_.all(now)};
}

}  // namespace fermo::keys
