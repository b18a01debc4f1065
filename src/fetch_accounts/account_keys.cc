#include "fetch_accounts/account_keys.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/limits.h"
#include "config/text.h"
#include "fetch/policy_text.h"

namespace fermo::fetch_accounts {
namespace {

using config::ValueReader;
using Kind = SecretSource::Kind;

constexpr std::uint64_t count(std::chrono::seconds time) {
  return static_cast<std::uint64_t>(time.count());
}

void read_text(const ValueReader& value, std::string& into) {
  if (const std::string* text = value.text()) into = *text;
}

void read_boolean(const ValueReader& value, bool& into) {
  into = value.boolean().value_or(into);
}

void read_seconds(const ValueReader& value, const config::Range& range, std::optional<std::chrono::seconds>& into) {
  if (const auto seconds = value.number(range)) into = std::chrono::seconds(*seconds);
}

/// `text` from `at` on is a path: "~/" is replaced, and it must begin at the root then, since the file is not read from
/// one folder only.
bool make_whole(const ValueReader& value, std::string& text, std::size_t at, const Context& context) {
  if (text.compare(at, 2, "~/") == 0) {
    if (context.surroundings.home.empty()) return value.complain(" has a ~, but there is no HOME"), false;
    text.replace(at, 1, context.surroundings.home.string());
  }
  if (text.size() > at && text[at] == '/') return true;
  value.complain(" is " + config::in_quotes(text) + "; its path must begin with / or ~/");
  return false;
}

bool read_path(const ValueReader& value, std::string& into, const Context& context) {
  const std::string* path = value.path();
  if (path == nullptr) return false;
  std::string whole = *path;
  if (!make_whole(value, whole, 0, context)) return false;
  into = std::move(whole);
  return true;
}

void read_path(const ValueReader& value, std::filesystem::path& into, const Context& context) {
  if (std::string path; read_path(value, path, context)) into = path;
}

void read_server(const ValueReader& value, Draft& draft, const Context&) {
  const std::string* text = value.text();
  if (text == nullptr) return;
  auto read = fetch::read_server_url(*text);
  if (!read.server) return value.complain(": " + read.problem);
  draft.account.server = std::move(*read.server);
}

void read_mode(const ValueReader& value, Draft& draft, const Context&) {
  const std::string* text = value.text();
  if (text == nullptr || fetch::read_mode(*text, draft.account.policy)) return;
  value.complain(" is " + config::in_quotes(*text) + "; it must be " + std::string(fetch::modes_for_people));
}

/// maildir: and mbox: are followed by a path.
void read_target(const ValueReader& value, Draft& draft, const Context& context) {
  const std::string* text = value.path();
  if (text == nullptr) return;
  std::string target = *text;
  for (const std::string_view kind : {"maildir:", "mbox:"}) {
    if (target.starts_with(kind) && !make_whole(value, target, kind.size(), context)) return;
  }
  const auto& problem_of = context.surroundings.target_problem;
  const std::string problem = problem_of ? problem_of(target) : std::string();
  if (!problem.empty()) return value.complain(" is " + config::in_quotes(*text) + ": " + problem);
  draft.account.target = std::move(target);
}

void read_pins(const ValueReader& value, Draft& draft, const Context& context) {
  draft.account.pins.clear();
  for (const auto& pin : value.strings()) {
    const auto& problem_of = context.surroundings.pin_problem;
    const std::string problem = problem_of ? problem_of(pin.text) : std::string();
    if (problem.empty()) draft.account.pins.push_back(pin.text);
    if (!problem.empty())
      context.problems.push_back({pin.line, "pins: " + config::in_quotes(pin.text) + " " + problem});
  }
}

void read_proxy(const ValueReader& value, Draft& draft, const Context&) {
  const std::string* text = value.text();
  if (text == nullptr) return;
  auto read = fetch::read_proxy_url(*text);
  if (!read.proxy) return value.complain(": " + read.problem);
  draft.account.proxy = std::move(read.proxy);
}

void read_first_run(const ValueReader& value, Draft& draft, const Context&) {
  constexpr std::array<std::string_view, 2> choices{"all", "from-now"};
  const auto chosen = value.choice(choices);
  if (chosen) draft.account.policy.first_run = *chosen == 0 ? fetch::FirstRun::all : fetch::FirstRun::from_now;
}

void read_secret(const ValueReader& value, Draft& draft, Kind kind) {
  const std::string* text = value.path();
  if (text == nullptr) return;
  if (kind == Kind::environment && !is_variable(*text)) {
    return value.complain(" is " + config::in_quotes(*text) + ", which no variable can be called");
  }
  if (kind == Kind::credential && text->find('/') != std::string::npos) {
    return value.complain(" is " + config::in_quotes(*text) + "; it must be the name of a credential, without slashes");
  }
  draft.account.secret = {kind, *text};
}

constexpr std::array all_keys{
    Key{"server", "Where the mail is: pop3s://HOST[:PORT], pop3+stls://HOST[:PORT] or pop3://HOST[:PORT]",
        R"("pop3s://pop.example.org")", Form::text, false, read_server},
    Key{"user", "Whom to log in as; without it, the address", R"("ann@example.org")", Form::text, false,
        [](const ValueReader& value, Draft& draft, const Context&) { read_text(value, draft.account.user); }},
    Key{"address", "The mail address, by which what is known of its provider is found; without it, the name",
        R"("ann@example.org")", Form::text, false,
        [](const ValueReader& value, Draft& draft, const Context&) { read_text(value, draft.account.address); }},
    Key{"enabled", "Fetched when no account is named", "true", Form::boolean, true,
        [](const ValueReader& value, Draft& draft, const Context&) { read_boolean(value, draft.account.enabled); }},
    Key{"password_file", "A file with the password in its first line, mode 0600", R"("~/.config/fermo/ann.password")",
        Form::text, false,
        [](const ValueReader& value, Draft& draft, const Context& context) {
          std::string path;
          if (read_path(value, path, context)) draft.account.secret = {Kind::file, std::move(path)};
        }},
    Key{"password_command", "A shell command that prints the password", R"("pass show mail/ann")", Form::text, true,
        [](const ValueReader& value, Draft& draft, const Context&) { read_secret(value, draft, Kind::command); }},
    Key{"password_keyring", "The password is in the keyring of the desktop, where `fermo account add` has put it",
        "true", Form::boolean, true,
        [](const ValueReader& value, Draft& draft, const Context&) {
          if (value.boolean().value_or(false)) draft.account.secret = {Kind::keyring, {}};
        }},
    Key{"password_credential", "The password is in a credential of systemd's, of this name", R"("ann")", Form::text,
        false,
        [](const ValueReader& value, Draft& draft, const Context&) { read_secret(value, draft, Kind::credential); }},
    Key{"password_environment", "The password is in a variable of the environment, of this name", R"("ANN_PASSWORD")",
        Form::text, false,
        [](const ValueReader& value, Draft& draft, const Context&) { read_secret(value, draft, Kind::environment); }},
    Key{"token", "What is in the place of the password is an OAuth access token", "true", Form::boolean, true,
        [](const ValueReader& value, Draft& draft, const Context&) { read_boolean(value, draft.account.token); }},
    Key{"mode", "What becomes of fetched mail on the server: delete, keep, keep-days=N, keep-newest=N or mirror",
        R"("keep-days=14")", Form::text, true, read_mode},
    Key{"headers_only", "Fetch headers only", "true", Form::boolean, true,
        [](const ValueReader& value, Draft& draft, const Context&) {
          read_boolean(value, draft.account.policy.headers_only);
        }},
    Key{"limit_octets", "Of longer messages fetch the head and 20 lines only", "10000000", Form::number, true,
        [](const ValueReader& value, Draft& draft, const Context&) {
          if (const auto octets = value.number({1, limits::fetch_limit_octets_highest})) {
            draft.account.policy.whole_octets_max = Octets{*octets};
          }
        }},
    Key{"messages_at_once_max", "Messages that are fetched in one run at most; the others follow in later ones", "1000",
        Form::number, true,
        [](const ValueReader& value, Draft& draft, const Context&) {
          if (const auto messages = value.number({1, limits::fetch_messages_highest})) {
            draft.account.policy.messages_at_once_max = *messages;
          }
        }},
    Key{"first_run", "What the first run fetches: all, or from-now, which leaves out what is there already", R"("all")",
        Form::text, true, read_first_run},
    Key{"delete_imported", "Delete what another fetcher has fetched too, where the mode deletes", "true", Form::boolean,
        true,
        [](const ValueReader& value, Draft& draft, const Context&) {
          read_boolean(value, draft.account.policy.remove_imported);
        }},
    Key{"to", "Where the mail goes, as after --to", R"("maildir:~/Maildir")", Form::text, true, read_target},
    Key{"to_user", "Whom to log in to the target's server of SMTP as", R"("ann")", Form::text, true,
        [](const ValueReader& value, Draft& draft, const Context&) {
          read_text(value, draft.account.target_access.user);
        }},
    Key{"to_password_file", "A file with the password for the target's server in its first line, mode 0600",
        R"("~/.config/fermo/target.password")", Form::text, true,
        [](const ValueReader& value, Draft& draft, const Context& context) {
          std::string path;
          if (read_path(value, path, context)) draft.account.target_access.secret = {Kind::file, std::move(path)};
        }},
    Key{"to_password_command", "A shell command that prints the password for the target's server",
        R"("pass show mail/target")", Form::text, true,
        [](const ValueReader& value, Draft& draft, const Context&) {
          if (const std::string* text = value.path()) draft.account.target_access.secret = {Kind::command, *text};
        }},
    Key{"to_token", "What is in the place of that password is an OAuth access token", "true", Form::boolean, true,
        [](const ValueReader& value, Draft& draft, const Context&) {
          read_boolean(value, draft.account.target_access.token);
        }},
    Key{"to_ca", "A PEM file of the certificates to trust for the target's server, in place of the system's",
        R"("~/.config/fermo/target-ca.pem")", Form::text, true,
        [](const ValueReader& value, Draft& draft, const Context& context) {
          read_path(value, draft.account.target_access.authorities, context);
        }},
    Key{"archive", "Folder of an archive that keeps a copy of all that is fetched", R"("~/mail-archive")", Form::text,
        true,
        [](const ValueReader& value, Draft& draft, const Context& context) {
          read_path(value, draft.account.archive, context);
        }},
    Key{"interval_seconds", "How long `fermo fetch --daemon` waits between two sessions", "300", Form::number, true,
        [](const ValueReader& value, Draft& draft, const Context&) {
          constexpr config::Range range{1, count(limits::fetch_interval_highest)};
          read_seconds(value, range, draft.account.interval);
        }},
    Key{"timeout_seconds", "How long to wait for the server", "120", Form::number, true,
        [](const ValueReader& value, Draft& draft, const Context&) {
          constexpr config::Range range{1, count(limits::fetch_timeout_highest)};
          read_seconds(value, range, draft.account.timeout);
        }},
    Key{"ca", "A PEM file of the certificates to trust in place of the system's", R"("~/.config/fermo/ca.pem")",
        Form::text, true,
        [](const ValueReader& value, Draft& draft, const Context& context) {
          read_path(value, draft.account.authorities, context);
        }},
    Key{"pins", "SHA-256 of the server's public key, of which one must be right",
        R"(["sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="])", Form::texts, false, read_pins},
    Key{"proxy", "A SOCKS5 proxy to connect through: socks5://[USER@]HOST[:PORT]", R"("socks5://127.0.0.1:9050")",
        Form::text, true, read_proxy},
    Key{"proxy_password_file", "A file with the password of the proxy's user in its first line, mode 0600",
        R"("~/.config/fermo/proxy.password")", Form::text, true,
        [](const ValueReader& value, Draft& draft, const Context& context) {
          read_path(value, draft.account.proxy_password_file, context);
        }},
    Key{"allow_plaintext", "Take pop3:// and send the password without TLS", "true", Form::boolean, false,
        [](const ValueReader& value, Draft& draft, const Context&) {
          read_boolean(value, draft.account.allow_plaintext);
        }},
};

}  // namespace

std::span<const Key> keys() {
  return all_keys;
}

}  // namespace fermo::fetch_accounts
