#pragma once

#include "sasl/client_mechanism.h"

namespace fermo::sasl {

/// The mechanisms that GNU SASL has. The credentials hold no NUL. Only for start_client_mechanism().
Result<std::unique_ptr<ClientMechanism>> start_gnu_sasl_client(Mechanism mechanism,
                                                               const ClientCredentials& credentials);

}  // namespace fermo::sasl
