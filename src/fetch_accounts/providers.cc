#include "fetch_accounts/providers.h"

#include <algorithm>
#include <array>

#include "config/text.h"

namespace fermo::fetch_accounts {
namespace {

using namespace std::chrono_literals;

// Facts, from the providers' own pages for their users. None of these hosts is ever asked for anything but mail.
constexpr std::array providers{
    Provider{.name = "Gmail",
             .domains = "gmail.com googlemail.com",
             .server = "pop3s://pop.gmail.com",
             .login = LoginWith::app_password_or_token,
             .switch_on = "mail.google.com, Settings > See all settings > Forwarding and POP/IMAP > Enable POP",
             .passwords = "myaccount.google.com/apppasswords (needs 2-Step Verification)",
             .in_batches = true},
    Provider{.name = "Outlook.com",
             .domains = "outlook.com hotmail.com live.com msn.com windowslive.com outlook.at outlook.be outlook.cz "
                        "outlook.de outlook.dk outlook.es outlook.fr outlook.hu outlook.ie outlook.it outlook.jp "
                        "outlook.pt outlook.sk hotmail.be hotmail.ch hotmail.co.uk hotmail.de hotmail.es hotmail.fr "
                        "hotmail.it hotmail.nl hotmail.se live.at live.be live.ca live.co.uk live.de live.dk live.fr "
                        "live.it live.nl live.se",
             .server = "pop3s://outlook.office365.com",
             .login = LoginWith::token,
             .switch_on = "outlook.live.com, Settings > Mail > Forwarding and IMAP > Let devices and apps use POP"},
    Provider{.name = "Yahoo",
             .domains =
                 "yahoo.com yahoo.ca yahoo.co.in yahoo.co.nz yahoo.co.uk yahoo.com.ar yahoo.com.au yahoo.com.br "
                 "yahoo.com.mx yahoo.de yahoo.es yahoo.fr yahoo.it yahoo.se ymail.com rocketmail.com myyahoo.com",
             .server = "pop3s://pop.mail.yahoo.com",
             .login = LoginWith::app_password_or_token,
             .passwords = "login.yahoo.com/account/security > Generate app password"},
    Provider{.name = "AOL",
             .domains =
                 "aol.com aim.com aol.de aol.fr aol.it aol.es aol.se aol.co.uk aol.com.au aol.com.br netscape.net "
                 "verizon.net",
             .server = "pop3s://pop.aol.com",
             .login = LoginWith::app_password_or_token,
             .passwords = "login.aol.com/account/security > Generate app password"},
    Provider{.name = "iCloud", .domains = "icloud.com me.com mac.com", .server = ""},
    Provider{.name = "GMX",
             .domains = "gmx.net gmx.de gmx.at gmx.ch gmx.eu gmx.org gmx.info gmx.biz",
             .server = "pop3s://pop.gmx.net",
             .login = LoginWith::password_or_app,
             .switch_on = "gmx.net, E-Mail > Einstellungen > POP3/IMAP Abruf > POP3 und IMAP Zugriff erlauben",
             .passwords = "gmx.net, Mein Account > Sicherheit > Anwendungsspezifische Passwörter",
             .interval_min = 15min},
    Provider{.name = "GMX",
             .domains = "gmx.com gmx.us gmx.co.uk gmx.es gmx.fr gmx.it gmx.pt gmx.ca gmx.ie gmx.se",
             .server = "pop3s://pop.gmx.com",
             .login = LoginWith::password_or_app,
             .switch_on = "gmx.com, E-mail > Settings > POP3 & IMAP > Enable access to this account via POP3 and IMAP",
             .passwords = "gmx.com, My Account > Security > Application-specific passwords"},
    Provider{.name = "WEB.DE",
             .domains = "web.de",
             .server = "pop3s://pop3.web.de",
             .local_part = true,
             .login = LoginWith::password_or_app,
             .switch_on = "web.de, E-Mail > Einstellungen > POP3/IMAP Abruf > POP3 und IMAP Zugriff erlauben",
             .passwords = "web.de, Mein Account > Sicherheit > Anwendungsspezifische Passwörter",
             .interval_min = 15min},
    Provider{.name = "T-Online",
             .domains = "t-online.de magenta.de",
             .server = "pop3s://securepop.t-online.de",
             .login = LoginWith::app_password,
             .passwords = "email.t-online.de, Einstellungen > Passwörter > Passwort für E-Mail-Programme"},
    Provider{.name = "Mail.ru",
             .domains = "mail.ru inbox.ru list.ru bk.ru internet.ru",
             .server = "pop3s://pop.mail.ru",
             .login = LoginWith::app_password_or_token,
             .passwords = "account.mail.ru/user/2-step-auth/passwords (passwords for external applications)"},
    Provider{.name = "Yandex",
             .domains = "yandex.ru yandex.com yandex.by yandex.kz yandex.ua ya.ru narod.ru",
             .server = "pop3s://pop.yandex.com",
             .login = LoginWith::app_password_or_token,
             .switch_on = "mail.yandex.com, Settings > Email clients > From the server pop.yandex.com via POP3",
             .passwords = "id.yandex.com/security/app-passwords"},
    Provider{.name = "Zoho Mail",
             .domains = "zoho.com zohomail.com",
             .server = "pop3s://pop.zoho.com",
             .login = LoginWith::password_or_app,
             .switch_on = "mail.zoho.com, Settings > Mail Accounts > POP > POP Access",
             .passwords = "accounts.zoho.com, Security > App Passwords"},
    Provider{.name = "Zoho Mail",
             .domains = "zoho.eu zohomail.eu",
             .server = "pop3s://pop.zoho.eu",
             .login = LoginWith::password_or_app,
             .switch_on = "mail.zoho.eu, Settings > Mail Accounts > POP > POP Access",
             .passwords = "accounts.zoho.eu, Security > App Passwords"},
    Provider{.name = "Fastmail",
             .domains = "fastmail.com fastmail.fm fastmail.net fastmail.org fastmail.de fastmail.co.uk sent.com "
                        "messagingengine.com",
             .server = "pop3s://pop.fastmail.com",
             .login = LoginWith::app_password_or_token,
             .passwords = "app.fastmail.com, Settings > Privacy & Security > App passwords (with access to POP)"},
    Provider{.name = "Posteo",
             .domains = "posteo.de posteo.net posteo.org posteo.eu posteo.at posteo.ch posteo.be posteo.nl posteo.es "
                        "posteo.fr posteo.it posteo.dk posteo.se posteo.us posteo.uk posteo.co.uk",
             .server = "pop3s://posteo.de"},
    Provider{.name = "mailbox.org",
             .domains = "mailbox.org",
             .server = "pop3s://pop3.mailbox.org",
             .login = LoginWith::password_or_app,
             .passwords = "login.mailbox.org, Settings > Security > Application passwords"},
    Provider{.name = "Libero",
             .domains = "libero.it iol.it inwind.it blu.it giallo.it",
             .server = "pop3s://popmail.libero.it",
             .login = LoginWith::password_or_app,
             .passwords = "aiuto.libero.it, Password specifica per app"},
    Provider{.name = "Virgilio", .domains = "virgilio.it", .server = "pop3s://in.virgilio.it"},
    Provider{.name = "TIM", .domains = "tim.it", .server = "pop3+stls://pop.tim.it"},
    Provider{.name = "Alice", .domains = "alice.it", .server = "pop3+stls://in.alice.it"},
    Provider{.name = "Aruba", .domains = "aruba.it", .server = "pop3s://pop3s.aruba.it"},
    Provider{.name = "Aruba PEC",
             .domains = "pec.it arubapec.it",
             .server = "pop3s://pop3s.pec.aruba.it",
             .login = LoginWith::password_or_app},
    Provider{.name = "Orange", .domains = "orange.fr wanadoo.fr", .server = "pop3s://pop.orange.fr"},
    Provider{.name = "Free", .domains = "free.fr", .server = "pop3s://pop.free.fr", .local_part = true},
    Provider{.name = "SFR", .domains = "sfr.fr neuf.fr club-internet.fr", .server = "pop3s://pop.sfr.fr"},
    Provider{.name = "La Poste", .domains = "laposte.net", .server = "pop3s://pop.laposte.net", .local_part = true},
    Provider{
        .name = "Comcast",
        .domains = "comcast.net",
        .server = "pop3s://mail.comcast.net",
        .switch_on = "connect.xfinity.com, Email Settings > Security > Third Party Access Security > Allow access"},
    Provider{.name = "AT&T",
             .domains = "att.net bellsouth.net sbcglobal.net pacbell.net ameritech.net prodigy.net",
             .server = "pop3s://inbound.att.net",
             .login = LoginWith::app_password_or_token,
             .passwords = "att.com/myatt, Profile > Sign-in info > Manage secure mail key"},
    Provider{
        .name = "BT", .domains = "btinternet.com btopenworld.com talk21.com", .server = "pop3s://mail.btinternet.com"},
    Provider{.name = "Bluewin", .domains = "bluewin.ch", .server = "pop3s://pop3s.bluewin.ch"},
    Provider{
        .name = "Seznam", .domains = "seznam.cz email.cz post.cz spoluzaci.cz", .server = "pop3s://pop3.seznam.cz"},
    Provider{.name = "Strato", .domains = "strato.de", .server = "pop3s://pop3.strato.de"},
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// Whether `word` is one of those between spaces.
bool holds(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto end = words.find(' ');
    if (same(words.substr(0, end), word)) return true;
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return false;
}

std::string host_of(std::string_view url) {
  auto read = fetch::read_server_url(url);
  return read.server ? std::move(read.server->host) : std::string();
}

std::string_view login_text(LoginWith login) {
  switch (login) {
    case LoginWith::password:
      return "";
    case LoginWith::password_or_app:
      return "with two-step login it wants a password made for programs (app password)";
    case LoginWith::app_password:
      return "it wants a password made for programs, not the one of the account";
    case LoginWith::app_password_or_token:
      return "it wants a password made for programs (app password) or an OAuth access token, not the password of the "
             "account";
    case LoginWith::token:
      break;
  }
  return "it takes no passwords, only an OAuth access token: give a command that prints one, and --token";
}

}  // namespace

const Provider* provider_of_address(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return nullptr;
  const auto found =
      std::ranges::find_if(providers, [&](const Provider& one) { return holds(one.domains, address.substr(at + 1)); });
  return found == providers.end() ? nullptr : &*found;
}

const Provider* provider_of_server(std::string_view host) {
  const auto found =
      std::ranges::find_if(providers, [&](const Provider& one) { return same(host_of(one.server), host); });
  return found == providers.end() || host.empty() ? nullptr : &*found;
}

std::string before_login(const Provider& provider) {
  const std::string name(provider.name);
  if (provider.server.empty()) return name + " has no POP3";
  std::string text;
  const auto add = [&text](const std::string& clause) { text += (text.empty() ? "" : "; ") + clause; };
  if (!provider.switch_on.empty()) add("POP3 must be switched on once at " + std::string(provider.switch_on));
  if (const auto login = login_text(provider.login); !login.empty()) add(std::string(login));
  if (!provider.passwords.empty()) add("such a password is made at " + std::string(provider.passwords));
  return text.empty() ? text : name + ": " + text;
}

std::string after_refused_login(std::string_view words, const Provider* provider) {
  std::string said(words);
  std::ranges::transform(said, said.begin(), lower);
  const auto says = [&said](std::initializer_list<std::string_view> parts) {
    return std::ranges::any_of(parts, [&said](std::string_view part) { return said.find(part) != said.npos; });
  };
  const bool about_pop = says({"pop3", "pop access", "pop-zugang", " pop "});
  if (about_pop && says({"not enabled", "disabled", "deactivated", "switched off", "not allowed", "deaktiviert"})) {
    const std::string where = provider != nullptr && !provider->switch_on.empty()
                                  ? "at " + std::string(provider->switch_on)
                                  : "in the settings of the account on the provider's web pages";
    return "POP3 is switched off there; switch it on " + where;
  }
  if (says({"application-specific", "app password", "app-specific", "application password", "web login required"})) {
    const std::string where = provider != nullptr && !provider->passwords.empty()
                                  ? "; it is made at " + std::string(provider->passwords)
                                  : std::string();
    return "it wants a password made for programs (app password), not the one of the account" + where;
  }
  const std::string hint = provider == nullptr ? std::string() : before_login(*provider);
  if (!hint.empty()) return "check user and password; " + hint;
  if (provider != nullptr) return "check user and password";
  return "check user and password; many providers want POP3 to be switched on first, and a password made for programs "
         "(app password)";
}

SettingsFound settings_for(std::string_view address) {
  const auto at = address.rfind('@');
  const std::string who = config::in_quotes(address);
  if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) {
    return {{}, who + " is no mail address; name the server with --server pop3s://HOST and the user with --user NAME"};
  }
  const Provider* const provider = provider_of_address(address);
  if (provider == nullptr) {
    return {{},
            "the server of " + who +
                " is not known; its provider says what it is called (the POP3 server, port 995): "
                "give it with --server pop3s://HOST"};
  }
  if (provider->server.empty()) {
    return {{}, std::string(provider->name) + " has no POP3, so mail of " + who + " cannot be fetched from it"};
  }
  auto read = fetch::read_server_url(provider->server);
  if (!read.server) return {{}, read.problem};
  const std::string_view user = provider->local_part ? address.substr(0, at) : address;
  return {Settings{std::move(*read.server), std::string(user), provider}, {}};
}

}  // namespace fermo::fetch_accounts
