#include "fermo/fetch_mail_server.h"

#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/host_name.h"
#include "fermo/fetch_secret.h"
#include "fermo/table.h"
#include "fetcher/imap_target.h"
#include "fetcher/smtp_target.h"
#include "runtime/tls_client_context.h"

namespace fermo::commands {
namespace {

using Protocol = MailUrl::Protocol;
using Tls = MailUrl::Tls;
using fetch_accounts::TargetAccess;
using Opened = Outcome<std::unique_ptr<fetch::Target>>;

std::string own_name() {
  std::array<char, 256> name{};
  const bool known = ::gethostname(name.data(), name.size() - 1) == 0 && config::is_host_name(name.data());
  return known ? name.data() : "localhost";
}

smtp::client::Tls tls_of(Tls tls) {
  switch (tls) {
    case Tls::implicit:
      return smtp::client::Tls::implicit;
    case Tls::starttls:
      return smtp::client::Tls::starttls;
    case Tls::none:
      break;
  }
  return smtp::client::Tls::none;
}

using Context = std::shared_ptr<const runtime::TlsClientContext>;

/// None without TLS.
Outcome<Context> context_of(const MailUrl& url, const TargetAccess& access, std::string_view alpn_protocol,
                            const Console& console) {
  if (url.tls == Tls::none) return Context();
  auto context = runtime::TlsClientContext::load({.authorities = access.authorities}, alpn_protocol);
  if (context) return std::move(*context);
  console.complain(context.problem());
  return ExitCode::configuration;
}

/// Whom to log in as; empty: nobody.
const std::string& user_of(const MailUrl& url, const TargetAccess& access) {
  return url.protocol == Protocol::imap ? url.user : access.user;
}

Outcome<Secret> secret_of(const MailUrl& url, const TargetAccess& access, const std::optional<Secret>& taken,
                          const Console& console) {
  return taken ? Outcome<Secret>(*taken) : read_target_secret(url, access, console);
}

template <class T>
Opened as_target(Result<std::unique_ptr<T>> opened, const Console& console) {
  if (opened) return std::unique_ptr<fetch::Target>(std::move(*opened));
  console.complain("cannot begin to deliver: " + opened.error().message());
  return ExitCode::io_error;
}

// --- SMTP and LMTP ---------------------------------------------------------------------------------------------------

Outcome<std::optional<smtp::client::Login>> login_of(const MailUrl& url, const TargetAccess& access,
                                                     const std::optional<Secret>& taken, const Console& console) {
  if (access.user.empty()) {
    if (access.secret == fetch_accounts::SecretSource()) return std::optional<smtp::client::Login>();
    console.complain("there is a password for the target, but nobody to log in as (--target-user, to_user)");
    return ExitCode::usage;
  }
  if (url.tls == Tls::none) {
    console.complain("a password goes only under TLS; use smtps:// or smtp+starttls://");
    return ExitCode::usage;
  }
  auto secret = secret_of(url, access, taken, console);
  if (!secret) return secret.error();
  return std::optional(smtp::client::Login{access.user, std::move(*secret), access.token});
}

Opened open_smtp(const MailUrl& url, const TargetAccess& access, const std::optional<Secret>& taken,
                 const Console& console) {
  auto login = login_of(url, access, taken, console);
  if (!login) return login.error();
  auto context = context_of(url, access, "", console);
  if (!context) return context.error();
  fetcher::MailServer server;
  const bool lmtp = url.protocol == Protocol::lmtp;
  server.session.protocol = lmtp ? smtp::client::Protocol::lmtp : smtp::client::Protocol::smtp;
  server.session.tls = tls_of(url.tls);
  server.session.own_name = own_name();
  server.session.login = std::move(*login);
  server.session.host = url.host;
  server.session.port = url.port;
  server.socket = url.socket;
  server.tls = std::move(*context);
  return as_target(fetcher::SmtpTarget::open(std::move(server), url.recipient), console);
}

// --- IMAP ------------------------------------------------------------------------------------------------------------

Opened open_imap(const MailUrl& url, const TargetAccess& access, const std::optional<Secret>& taken,
                 const fetch::AccountState& state, const Console& console) {
  if (!access.user.empty()) {
    console.complain("with imaps:// the user stands in the target: imaps://USER@HOST/FOLDER");
    return ExitCode::usage;
  }
  auto context = context_of(url, access, "imap", console);
  if (!context) return context.error();
  auto secret = secret_of(url, access, taken, console);
  if (!secret) return secret.error();
  fetcher::ImapFolder folder;
  folder.session.tls = url.tls == Tls::implicit ? imap::Tls::implicit : imap::Tls::starttls;
  folder.session.user = url.user;
  folder.session.secret = std::move(*secret);
  folder.session.token = access.token;
  folder.session.host = url.host;
  folder.session.port = url.port;
  folder.session.folder = url.folder;
  folder.tls = std::move(*context);
  const bool look_back = state.deliveries_open || !state.first_run_done;
  return as_target(fetcher::ImapTarget::open(std::move(folder), look_back), console);
}

}  // namespace

bool asks_for_secret(const MailUrl& url, const TargetAccess& access) {
  const bool logs_in = !user_of(url, access).empty() && url.tls != Tls::none;
  return logs_in && access.secret.kind == fetch_accounts::SecretSource::Kind::ask;
}

Outcome<Secret> read_target_secret(const MailUrl& url, const TargetAccess& access, const Console& console) {
  using Kind = fetch_accounts::SecretSource::Kind;
  SecretSource source;
  if (access.secret.kind == Kind::file) source.file = access.secret.text;
  if (access.secret.kind == Kind::command) source.command = access.secret.text;
  const std::string what = (access.token ? "Token of " : "Password of ") + printable(user_of(url, access));
  return read_secret(source, what + " at " + printable(url.host) + ": ", console);
}

Opened open_mail_target(const MailUrl& url, const TargetAccess& access, const std::optional<Secret>& taken,
                        const fetch::AccountState& state, const Console& console) {
  if (url.protocol == Protocol::imap) return open_imap(url, access, taken, state, console);
  return open_smtp(url, access, taken, console);
}

}  // namespace fermo::commands
