#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/limits.h"
#include "fetch/import_text.h"
#include "fetch/rc_import.h"

namespace fermo::fetch {
namespace {

struct Block {
  AccountSettings account;
  bool tls = false;
  bool starttls = true;
};

bool is_on(std::string_view value) {
  return value.empty() || equals_ignoring_case(value, "on");
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

/// "14d", "1d12h", "36h": a duration of days and hours, rounded up to days.
std::optional<std::chrono::days> days_of(std::string_view text) {
  constexpr std::uint64_t number_max = 1'000'000;
  std::uint64_t hours = 0;
  bool any = false;
  while (!text.empty()) {
    const std::size_t unit = text.find_first_not_of("0123456789");
    const auto number = decimal(text.substr(0, unit));
    if (unit == std::string_view::npos || !number || *number > number_max) return std::nullopt;
    switch (text[unit]) {
      case 'w':
        hours += *number * 24 * 7;
        break;
      case 'd':
        hours += *number * 24;
        break;
      case 'h':
        hours += *number;
        break;
      case 'm':
      case 's':
        hours += std::min<std::uint64_t>(*number, 1);
        break;
      default:
        return std::nullopt;
    }
    any = true;
    text.remove_prefix(unit + 1);
  }
  if (!any) return std::nullopt;
  constexpr std::uint64_t days_max = 36'500;
  return std::chrono::days(std::min((hours + 23) / 24, days_max));
}

class MpoprcReader {
 public:
  explicit MpoprcReader(std::string_view text) : lines_(text.substr(0, limits::import_octets_max)) {
    defaults_.account.policy.mode = Mode::remove;
  }

  ImportedSettings run() {
    while (const auto line = lines_.next()) {
      const std::string_view content = trimmed(*line);
      if (content.empty() || content.starts_with('#')) continue;
      const std::size_t blank = content.find_first_of(" \t");
      const std::string_view value =
          blank == std::string_view::npos ? std::string_view() : without_quotes(trimmed(content.substr(blank + 1)));
      take(in_lower_case(content.substr(0, blank)), value);
    }
    finish();
    return std::move(out_);
  }

 private:
  void problem(std::string message) { out_.problems.add(lines_.number(), std::move(message)); }
  void take(const std::string& key, std::string_view value);
  void begin_account(std::string_view value);
  bool take_server(const std::string& key, std::string_view value);
  bool take_login(const std::string& key, std::string_view value);
  bool take_tls(const std::string& key, std::string_view value);
  bool take_policy(const std::string& key, std::string_view value);
  void take_delivery(std::string_view value);
  void finish();

  TextLines lines_;
  ImportedSettings out_;
  Block defaults_;
  std::map<std::string, Block, std::less<>> blocks_;
  std::vector<std::string> order_;
  Block* current_ = nullptr;
};

void MpoprcReader::take(const std::string& key, std::string_view value) {
  static const std::set<std::string, std::less<>> harmless{
      "uidls_file",   "pipelining",     "received_header",       "only_new",
      "tls_crl_file", "tls_priorities", "tls_min_dh_prime_bits", "tls_force_sslv3",
      "ntlmdomain"};
  if (key == "defaults") {
    current_ = &defaults_;
  } else if (key == "account") {
    begin_account(value);
  } else if (current_ == nullptr) {
    problem(quoted_for_people(key) + " stands before any account");
  } else if (key == "delivery") {
    take_delivery(value);
  } else if (!take_server(key, value) && !take_login(key, value) && !take_tls(key, value) && !take_policy(key, value) &&
             !harmless.contains(key)) {
    problem(quoted_for_people(key) + " has no place here and is left out");
  }
}

// account NAME : OTHER, OTHER begins with what the others have.
void MpoprcReader::begin_account(std::string_view value) {
  const std::size_t colon = value.find(':');
  const std::string name(trimmed(value.substr(0, colon)));
  Block block = defaults_;
  std::string_view others = colon == std::string_view::npos ? std::string_view() : value.substr(colon + 1);
  while (!others.empty()) {
    const std::size_t comma = others.find(',');
    const auto other = blocks_.find(trimmed(others.substr(0, comma)));
    if (other != blocks_.end()) block = other->second;
    if (other == blocks_.end()) problem("there is no account " + quoted_for_people(trimmed(others.substr(0, comma))));
    others = comma == std::string_view::npos ? std::string_view() : others.substr(comma + 1);
  }
  // "account default : NAME" names an account, it is none.
  const bool alias = name == "default" && colon != std::string_view::npos;
  block.account.name = name;
  if (!alias && !blocks_.contains(name)) order_.push_back(name);
  current_ = &(blocks_[name] = std::move(block));
}

bool MpoprcReader::take_server(const std::string& key, std::string_view value) {
  AccountSettings& account = current_->account;
  if (key == "host") return account.server = value, true;
  if (key == "proxy_host") return account.proxy_host = value, true;
  if (key == "port" || key == "proxy_port") {
    const auto port = port_number(value);
    (key == "port" ? account.port : account.proxy_port) = port;
    if (!port && !value.empty()) problem(quoted_for_people(value) + " is no port");
    return true;
  }
  if (key == "timeout") {
    account.timeout = decimal_seconds(value);
    return true;
  }
  return false;
}

bool MpoprcReader::take_login(const std::string& key, std::string_view value) {
  AccountSettings& account = current_->account;
  if (key == "user") return account.user = value, true;
  if (key == "password") {
    account.password.kind = PasswordSource::Kind::literal;
    account.password.literal = Secret(value);
    return true;
  }
  if (key == "passwordeval") {
    account.password.kind = PasswordSource::Kind::command;
    account.password.command = {"/bin/sh", "-c", std::string(value)};
    return true;
  }
  if (key == "auth") {
    const std::string mechanism = in_lower_case(value);
    account.mechanism = mechanism.empty() || mechanism == "on" ? std::string() : std::string(value);
    return true;
  }
  return false;
}

bool MpoprcReader::take_tls(const std::string& key, std::string_view value) {
  AccountSettings& account = current_->account;
  if (key == "tls") return current_->tls = is_on(value), true;
  if (key == "tls_starttls") return current_->starttls = is_on(value), true;
  if (key == "tls_trust_file") return account.ca_file = value == "system" ? std::string() : std::string(value), true;
  if (key == "tls_cert_file") return account.client_certificate = value, true;
  if (key == "tls_key_file") return account.client_key = value, true;
  if (key == "tls_certcheck") {
    if (!is_on(value))
      problem("tls_certcheck off has no place here: certificates are always checked; use a pin or a CA file");
    return true;
  }
  if (key == "tls_fingerprint") {
    std::string digits = in_lower_case(value);
    std::erase(digits, ':');
    account.pins_sha256.clear();
    if (digits.size() == 64) account.pins_sha256.push_back(std::move(digits));
    if (!value.empty() && account.pins_sha256.empty()) problem("tls_fingerprint is no SHA-256 fingerprint");
    return true;
  }
  return false;
}

bool MpoprcReader::take_policy(const std::string& key, std::string_view value) {
  Policy& policy = current_->account.policy;
  if (key == "keep") {
    const auto days = days_of(value);
    policy.mode = days ? Mode::keep_days : is_on(value) ? Mode::keep : Mode::remove;
    if (days) policy.keep_days = *days;
    if (!days && !is_on(value) && !equals_ignoring_case(value, "off")) {
      policy.mode = Mode::keep;
      problem(quoted_for_people(value) + " is not on, off or a duration; messages are kept");
    }
    return true;
  }
  if (key == "skipsize") {
    const auto octets = decimal(value);
    policy.whole_octets_max = octets && *octets > 0 ? std::optional(Octets{*octets}) : std::nullopt;
    return true;
  }
  return false;
}

void MpoprcReader::take_delivery(std::string_view value) {
  TargetSettings& target = current_->account.target;
  const std::size_t blank = value.find_first_of(" \t");
  const std::string method = in_lower_case(value.substr(0, blank));
  const std::string argument(blank == std::string_view::npos ? std::string_view()
                                                             : without_quotes(trimmed(value.substr(blank + 1))));
  if (method == "maildir" || method == "mbox") {
    target = {method == "mbox" ? TargetSettings::Kind::mbox : TargetSettings::Kind::maildir, argument, {}, {}, {}, {}};
  } else if (method == "mda") {
    target = {TargetSettings::Kind::command, {}, {"/bin/sh", "-c", argument}, {}, {}, {}};
    if (argument.find("%F") != std::string::npos) problem("delivery mda: %F is not replaced here");
  } else {
    problem("delivery " + quoted_for_people(method) + " has no place here: choose a target");
  }
}

void MpoprcReader::finish() {
  for (const std::string& name : order_) {
    Block& block = blocks_.find(name)->second;
    AccountSettings& account = block.account;
    account.tls = !block.tls ? TlsMode::plaintext : block.starttls ? TlsMode::stls : TlsMode::implicit;
    if (!block.tls)
      out_.problems.add(0, "account " + quoted_for_people(name) + ": without TLS the password is unprotected");
    if (account.server.empty()) {
      out_.problems.add(0, "account " + quoted_for_people(name) + " has no host and is left out");
    } else {
      out_.accounts.push_back(std::move(account));
    }
  }
}

}  // namespace

ImportedSettings read_mpoprc(std::string_view text) {
  return MpoprcReader(text).run();
}

}  // namespace fermo::fetch
