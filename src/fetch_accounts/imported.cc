#include "fetch_accounts/imported.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.h"
#include "config/text.h"
#include "fetch/policy_text.h"
#include "fetch/server_url.h"
#include "fetch_accounts/account_file.h"

namespace fermo::fetch_accounts {
namespace {

using fetch::PasswordSource;
using fetch::TargetSettings;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool is_path(std::string_view text) {
  return text.starts_with('/') || text.starts_with("~/");
}

/// In single quotes where sh(1) would see more than one word.
std::string shell_word(const std::string& text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./@:=,+%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string shell_words(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

class Import {
 public:
  Import(const fetch::AccountSettings& account, const std::function<std::string(const std::string&)>& target_problem)
      : account_(account), target_problem_(target_problem) {}

  ImportedKeys run(const std::function<bool(const std::string&)>& is_taken) {
    choose_name(is_taken);
    take_server();
    take_password();
    take_policy();
    take_target();
    take_tls();
    if (!account_.enabled) set("enabled", "false");
    set_seconds("timeout_seconds", account_.timeout, limits::fetch_timeout_highest);
    set_seconds("interval_seconds", account_.interval, limits::fetch_interval_highest);
    return std::move(out_);
  }

 private:
  void set(const char* key, const std::string& words) { out_.keys.push_back({key, toml_value(key, words)}); }
  /// None is no time at all.
  void set_seconds(const char* key, std::optional<std::chrono::seconds> time, std::chrono::seconds highest) {
    if (time && time->count() > 0) set(key, std::to_string(std::min(*time, highest).count()));
  }
  /// Beyond the highest that the file takes a limit limits nothing.
  void set_limit(const char* key, std::uint64_t number, std::uint64_t highest) {
    if (number <= highest) set(key, std::to_string(number));
  }
  void problem(std::string text) { out_.problems.push_back(std::move(text)); }

  void choose_name(const std::function<bool(const std::string&)>& is_taken);
  void take_server();
  void take_password();
  void take_policy();
  void take_target();
  void take_tls();
  std::string target() const;
  std::string mail_server() const;

  const fetch::AccountSettings& account_;
  const std::function<std::string(const std::string&)>& target_problem_;
  ImportedKeys out_;
};

void Import::choose_name(const std::function<bool(const std::string&)>& is_taken) {
  // fetchmail and getmail have no names: where the user is an address already, the host adds nothing.
  const bool made_of_user = account_.user.find('@') != std::string::npos && account_.name.starts_with(account_.user);
  std::string name = made_of_user ? account_.user : account_.name;
  std::ranges::replace_if(
      name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '/' || c == '"'; }, '-');
  if (!name_problem(name).empty()) name = "imported";
  out_.name = name;
  for (int number = 2; is_taken(out_.name); ++number) out_.name = name + "-" + std::to_string(number);
}

void Import::take_server() {
  fetch::ServerUrl server{account_.tls, account_.server, port_of(account_)};
  if (server.tls == fetch::TlsMode::plaintext) {
    server.tls = fetch::TlsMode::stls;
    problem(
        "it was fetched without TLS, and STLS is demanded now; if the server does not have it, there may be pop3s://");
  }
  set("server", text_of(server));
  if (account_.user.empty()) problem("it has no user");
  set("user", account_.user);
  if (account_.proxy_host.empty()) return;
  constexpr std::uint16_t port_socks = 1080;
  set("proxy", text_of(fetch::ProxyUrl{account_.proxy_host, account_.proxy_port.value_or(port_socks), {}}));
}

void Import::take_password() {
  const PasswordSource& source = account_.password;
  std::string mechanism = account_.mechanism;
  std::ranges::transform(mechanism, mechanism.begin(), lower);
  const bool token = mechanism == "xoauth2" || mechanism == "oauthbearer";
  if (token) set("token", "true");
  if (!mechanism.empty() && !token) {
    problem("the safest way to log in is chosen anew each time, so " + config::in_quotes(account_.mechanism) +
            " is left out");
  }
  if (source.kind == PasswordSource::Kind::literal) out_.password = source.literal;
  if (source.kind != PasswordSource::Kind::command) return;
  const bool shell = source.command.size() == 3 && source.command[0] == "/bin/sh" && source.command[1] == "-c";
  set("password_command", shell ? source.command[2] : shell_words(source.command));
}

void Import::take_policy() {
  const fetch::Policy& policy = account_.policy;
  set("mode", text_of_mode(policy));
  if (policy.whole_octets_max)
    set_limit("limit_octets", policy.whole_octets_max->value, limits::fetch_limit_octets_highest);
  if (policy.messages_at_once_max)
    set_limit("messages_at_once_max", *policy.messages_at_once_max, limits::fetch_messages_highest);
}

std::string Import::mail_server() const {
  const TargetSettings& target = account_.target;
  const bool has_domain = target.recipient.find('@') != std::string::npos;
  const std::string recipient = target.recipient + (has_domain ? "" : "@localhost");
  if (!target.path.empty()) return "lmtp+unix:" + target.path + "?" + recipient;
  const std::string scheme = target.kind == TargetSettings::Kind::lmtp ? "lmtp://" : "smtp://";
  const bool ipv6 = target.host.find(':') != std::string::npos;
  const std::string host = ipv6 ? "[" + target.host + "]" : target.host;
  return scheme + host + (target.port ? ":" + std::to_string(*target.port) : "") + "/" + recipient;
}

std::string Import::target() const {
  switch (account_.target.kind) {
    case TargetSettings::Kind::maildir:
      return "maildir:" + account_.target.path;
    case TargetSettings::Kind::mbox:
      return "mbox:" + account_.target.path;
    case TargetSettings::Kind::command:
      return "command:" + shell_words(account_.target.arguments);
    case TargetSettings::Kind::lmtp:
    case TargetSettings::Kind::smtp:
      return mail_server();
    case TargetSettings::Kind::unset:
      break;
  }
  return {};
}

void Import::take_target() {
  const bool in_files =
      account_.target.kind == TargetSettings::Kind::maildir || account_.target.kind == TargetSettings::Kind::mbox;
  const std::string wanted = target();
  std::string wrong = wanted.empty() ? "it is not said where the mail goes" : target_problem_(wanted);
  if (wrong.empty() && in_files && !is_path(account_.target.path)) wrong = "its path does not begin with / or ~/";
  if (wrong.empty()) return set("to", wanted);
  const std::string otherwise = "maildir:~/Mail/" + out_.name;
  problem((wanted.empty() ? "" : config::in_quotes(wanted) + ": ") + wrong + "; its mail goes to " + otherwise);
  set("to", otherwise);
}

void Import::take_tls() {
  if (is_path(account_.ca_file)) {
    set("ca", account_.ca_file);
  } else if (!account_.ca_file.empty()) {
    problem("the certificates in " + config::in_quotes(account_.ca_file) +
            " are not named by a whole path and left out");
  }
  if (!account_.pins_sha256.empty()) {
    problem(
        "a fingerprint of the server's certificate is left out: here its public key is pinned, and `fermo account "
        "test` shows the pin");
  }
  if (!account_.client_certificate.empty()) problem("logins with a certificate of one's own are left out");
}

}  // namespace

ImportedKeys keys_of(const fetch::AccountSettings& account, const std::function<bool(const std::string&)>& is_taken,
                     const std::function<std::string(const std::string&)>& target_problem) {
  return Import(account, target_problem).run(is_taken);
}

RcKind rc_kind_of(std::string_view file_name, std::string_view text) {
  const std::string_view name = file_name.substr(file_name.rfind('/') + 1);
  if (name.find("fetchmail") != name.npos) return RcKind::fetchmail;
  if (name.find("getmail") != name.npos || text.find("[retriever]") != text.npos) return RcKind::getmail;
  const auto begins_a_line = [text](std::string_view word) {
    return text.starts_with(word) || text.find("\n" + std::string(word)) != text.npos;
  };
  const bool mpop = name.find("mpop") != name.npos || begins_a_line("host ") || begins_a_line("host\t");
  return mpop ? RcKind::mpop : RcKind::fetchmail;
}

StateKind state_kind_of(std::string_view file_name, std::string_view text) {
  const std::string_view name = file_name.substr(file_name.rfind('/') + 1);
  if (name.starts_with("oldmail-")) return StateKind::getmail;
  if (name.starts_with("popstate") || text.starts_with("# POP3 State File")) return StateKind::thunderbird;
  const bool mpop = name.find("_at_") != name.npos || name.find("uidl") != name.npos || text.starts_with("# ") ||
                    text.starts_with(' ');
  return mpop ? StateKind::mpop : StateKind::fetchmail;
}

}  // namespace fermo::fetch_accounts
