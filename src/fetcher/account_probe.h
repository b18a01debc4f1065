#pragma once

#include <optional>
#include <string>

#include "fetcher/account_runner.h"
#include "fetcher/report.h"
#include "mail/listing.h"
#include "pop3/client_capabilities.h"
#include "runtime/tls_client_context.h"

namespace fermo::fetcher {

/// What one login has shown.
struct Probe {
  Report report;  ///< Verdict, problem, advice and tls; Verdict::done when the login went well.
  std::optional<runtime::CertificateProblem> certificate;
  pop3::client::Capabilities capabilities;  ///< After the login.
  std::string method;                       ///< How it was made; empty when it was not.
  std::string greeting;
  std::optional<mail::DropListing> drop;
};

/// Connects, logs in, asks for STAT and leaves; nothing on the server is changed, no ledger and no target is used.
/// Blocks, for as long as `settings.time_max` allows at each step.
Probe probe_account(const AccountSettings& settings);

}  // namespace fermo::fetcher
