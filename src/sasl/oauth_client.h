#pragma once

#include "sasl/client_mechanism.h"

namespace fermo::sasl {

/// XOAUTH2 (Google and Microsoft, no RFC) and OAUTHBEARER (RFC 7628), which GNU SASL does not have. Only for
/// start_client_mechanism().
Result<std::unique_ptr<ClientMechanism>> start_oauth_client(Mechanism mechanism, ClientCredentials credentials);

}  // namespace fermo::sasl
