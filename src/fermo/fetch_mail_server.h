#pragma once

#include <memory>
#include <optional>

#include "base/secret.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fermo/fetch_target_url.h"
#include "fetch/ledger.h"
#include "fetch/target.h"
#include "fetch_accounts/account.h"

namespace fermo::commands {

/// Somebody has to be asked for the password.
bool asks_for_secret(const MailUrl& url, const fetch_accounts::TargetAccess& access);
/// From where it is, or from whoever is asked. What is wrong is printed.
Outcome<Secret> read_target_secret(const MailUrl& url, const fetch_accounts::TargetAccess& access,
                                   const Console& console);

/// A server of LMTP, SMTP or IMAP, as a target; `taken` is its password, if that has been read already. What is wrong
/// is printed.
Outcome<std::unique_ptr<fetch::Target>> open_mail_target(const MailUrl& url, const fetch_accounts::TargetAccess& access,
                                                         const std::optional<Secret>& taken,
                                                         const fetch::AccountState& state, const Console& console);

}  // namespace fermo::commands
