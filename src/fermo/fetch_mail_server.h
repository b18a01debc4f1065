#pragma once

#include <memory>

#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fermo/fetch_target_url.h"
#include "fetch/ledger.h"
#include "fetch/target.h"
#include "fetch_accounts/account.h"

namespace fermo::commands {

/// A server of LMTP, SMTP or IMAP, as a target. What is wrong is printed.
Outcome<std::unique_ptr<fetch::Target>> open_mail_target(const MailUrl& url, const fetch_accounts::TargetAccess& access,
                                                         const fetch::AccountState& state, const Console& console);

}  // namespace fermo::commands
