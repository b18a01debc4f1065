#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/server_url.h"

namespace fermo::fetch_accounts {

/// What a provider wants a program to log in with.
enum class LoginWith {
  password,               ///< The one of the account.
  password_or_app,        ///< The one of the account; with two-step login a password made for programs.
  app_password,           ///< A password made for programs, always.
  app_password_or_token,  ///< The same, or an OAuth access token.
  token,                  ///< An OAuth access token, nothing else.
};

/// What is known of a big provider.
struct Provider {
  std::string_view name;
  std::string_view domains;  ///< Of addresses, with spaces between.
  std::string_view server;   ///< URL; empty: there is no POP3.
  bool local_part = false;   ///< The user is what stands before the @.
  LoginWith login = LoginWith::password;
  std::string_view switch_on = {};       ///< Where POP3 must be switched on first, as a clause; empty: it need not be.
  std::string_view passwords = {};       ///< Where a password for programs is made; empty: not known.
  bool in_batches = false;               ///< A session shows a part of the drop, and QUIT makes room for the next.
  std::chrono::seconds interval_min{0};  ///< Between two logins, where the provider insists on it.
};

/// By the domain of an address; nullptr when it is none that is known.
const Provider* provider_of_address(std::string_view address);
/// By a POP3 server; nullptr as above.
const Provider* provider_of_server(std::string_view host);

/// What has to be done at the provider before a program can log in, and with what it logs in: sentences for the user
/// without the last full stop; empty when there is nothing to say.
std::string before_login(const Provider& provider);

/// What to do after a login was refused: from what the server said (`words`), and what is known of its provider if it
/// is known (`provider` may be nullptr).
std::string after_refused_login(std::string_view words, const Provider* provider);

/// How to get at the mail of an address.
struct Settings {
  fetch::ServerUrl server;
  std::string user;
  const Provider* provider = nullptr;
};

struct SettingsFound {
  std::optional<Settings> settings;
  std::string problem;  ///< One sentence: why there are none, and what to do.
};

/// What is known of the provider of `address`. The one place to ask; it looks at nothing outside of this program.
SettingsFound settings_for(std::string_view address);

}  // namespace fermo::fetch_accounts
