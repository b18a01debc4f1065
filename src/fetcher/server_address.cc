#include "fetcher/server_address.h"

namespace fermo::fetcher {
namespace {

using fetch::TlsMode;
using pop3::client::Tls;
using Outcome = runtime::Explained<ServerAddress>;

Tls tls_of(TlsMode mode) {
  switch (mode) {
    case TlsMode::implicit:
      return Tls::implicit;
    case TlsMode::stls:
      return Tls::stls;
    case TlsMode::plaintext:
      break;
  }
  return Tls::none;
}

}  // namespace

ServerAddress address_of(const fetch::ServerUrl& server) {
  return {tls_of(server.tls), server.host, server.port};
}

Outcome parse_server(std::string_view text) {
  auto read = fetch::read_server_url(text);
  if (!read.server) return Outcome::problem(std::move(read.problem));
  return address_of(*read.server);
}

std::string account_name(std::string_view user, const ServerAddress& server) {
  return fetch::account_name(user, {TlsMode::implicit, server.host, server.port});
}

}  // namespace fermo::fetcher
