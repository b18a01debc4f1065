#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "base/limits.h"
#include "fetch/import_text.h"
#include "fetch/rc_import.h"

namespace fermo::fetch {
namespace {

struct Value {
  std::string text;
  std::uint64_t line = 0;
};
using Section = std::map<std::string, Value, std::less<>>;

/// An INI file as Python's RawConfigParser reads it: a line that begins with white space goes on with the value before.
std::map<std::string, Section, std::less<>> read_sections(std::string_view text, ImportProblems& problems) {
  std::map<std::string, Section, std::less<>> sections;
  Section* section = nullptr;
  Value* value = nullptr;
  TextLines lines(text);
  while (const auto line = lines.next()) {
    const std::string_view content = trimmed(*line);
    if (content.empty() || content.starts_with('#') || content.starts_with(';')) continue;
    if (value != nullptr && (line->front() == ' ' || line->front() == '\t')) {
      value->text += "\n" + std::string(content);
      continue;
    }
    value = nullptr;
    if (content.starts_with('[') && content.ends_with(']')) {
      section = &sections[std::string(content.substr(1, content.size() - 2))];
      continue;
    }
    const std::size_t sign = content.find_first_of("=:");
    if (section == nullptr || sign == std::string_view::npos) {
      problems.add(lines.number(), "this is neither [SECTION] nor KEY = VALUE");
      continue;
    }
    value = &(*section)[in_lower_case(trimmed(content.substr(0, sign)))];
    *value = {std::string(trimmed(content.substr(sign + 1))), lines.number()};
  }
  return sections;
}

/// The strings of a Python tuple: ("a", 'b',).
std::vector<std::string> strings_of(std::string_view tuple) {
  std::vector<std::string> strings;
  for (std::size_t at = 0; at < tuple.size(); ++at) {
    const char quote = tuple[at];
    if (quote != '"' && quote != '\'') continue;
    std::string text;
    for (++at; at < tuple.size() && tuple[at] != quote; ++at) {
      if (tuple[at] == '\\' && at + 1 < tuple.size()) ++at;
      text.push_back(tuple[at]);
    }
    strings.push_back(std::move(text));
  }
  return strings;
}

/// Digits of a SHA-256 fingerprint without colons; nothing when it is something else.
std::optional<std::string> sha256_digits(std::string_view text) {
  std::string digits = in_lower_case(text);
  std::erase(digits, ':');
  const bool good = digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  return good ? std::optional(digits) : std::nullopt;
}

class GetmailrcReader {
 public:
  explicit GetmailrcReader(std::string_view text)
      : sections_(read_sections(text.substr(0, limits::import_octets_max), out_.problems)) {}

  ImportedSettings run() {
    if (!choose_retriever()) return std::move(out_);
    read_retriever();
    read_destination();
    read_options();
    complain("retriever", {});
    complain("destination", {});
    complain("options", {"verbose", "read_all", "message_log", "message_log_syslog", "message_log_verbose",
                         "delivered_to", "received", "logfile", "use_netrc", "netrc_file", "to_oldmail_on_each_mail",
                         "skip_imap_fetch_size", "fingerprint"});
    for (const auto& [name, section] : sections_) {
      if (name.starts_with("filter"))
        problem(0, quoted_for_people(name) + ": filters have no place here; use a command as the target");
    }
    out_.accounts.push_back(std::move(account_));
    return std::move(out_);
  }

 private:
  void problem(std::uint64_t line, std::string message) { out_.problems.add(line, std::move(message)); }

  /// The value of a key, which counts as understood.
  Value take(std::string_view section, std::string_view key) {
    taken_.insert(std::string(section) + '.' + std::string(key));
    const auto there = sections_.find(section);
    if (there == sections_.end()) return {};
    const auto found = there->second.find(key);
    return found == there->second.end() ? Value{} : found->second;
  }
  std::string text(std::string_view section, std::string_view key) { return take(section, key).text; }
  std::uint64_t number(std::string_view section, std::string_view key) {
    const Value value = take(section, key);
    const auto read = decimal(value.text);
    if (!read && !value.text.empty()) problem(value.line, std::string(key) + " is no number");
    return read.value_or(0);
  }
  bool flag(std::string_view section, std::string_view key, bool otherwise) {
    const std::string value = in_lower_case(text(section, key));
    if (value.empty()) return otherwise;
    return value == "1" || value == "yes" || value == "true" || value == "on";
  }

  bool choose_retriever();
  void read_retriever();
  void read_destination();
  void read_options();
  void complain(std::string_view section, const std::set<std::string, std::less<>>& harmless);

  ImportedSettings out_;
  std::map<std::string, Section, std::less<>> sections_;
  std::set<std::string> taken_;
  AccountSettings account_;
};

bool GetmailrcReader::choose_retriever() {
  const Value type = take("retriever", "type");
  constexpr std::array plain{"SimplePOP3Retriever", "BrokenUIDLPOP3Retriever", "MultidropPOP3Retriever"};
  constexpr std::array secured{"SimplePOP3SSLRetriever", "BrokenUIDLPOP3SSLRetriever", "MultidropPOP3SSLRetriever"};
  const bool is_plain = std::ranges::find(plain, type.text) != plain.end();
  if (!is_plain && std::ranges::find(secured, type.text) == secured.end()) {
    problem(type.line,
            type.text.empty() ? "there is no retriever" : quoted_for_people(type.text) + " does not fetch by POP3");
    return false;
  }
  account_.tls = is_plain ? TlsMode::plaintext : TlsMode::implicit;
  if (is_plain) problem(type.line, "getmail sends the password unprotected here; try the SSL port, or STLS");
  if (type.text.starts_with("Multidrop")) problem(type.line, "the mail of all recipients goes to the one target");
  return true;
}

void GetmailrcReader::read_retriever() {
  account_.server = text("retriever", "server");
  account_.user = text("retriever", "username");
  account_.name = account_.user + "@" + account_.server;
  if (account_.server.empty()) problem(0, "there is no server");
  const Value port = take("retriever", "port");
  account_.port = port_number(port.text);
  if (!account_.port && !port.text.empty()) problem(port.line, "port is no port");
  const std::string password = text("retriever", "password");
  const auto command = strings_of(text("retriever", "password_command"));
  if (!command.empty()) {
    account_.password.kind = PasswordSource::Kind::command;
    account_.password.command = command;
  } else if (!password.empty()) {
    account_.password.kind = PasswordSource::Kind::literal;
    account_.password.literal = Secret(password);
  }
  if (flag("retriever", "use_apop", false)) account_.mechanism = "APOP";
  if (flag("retriever", "use_xoauth2", false)) account_.mechanism = "XOAUTH2";
  account_.ca_file = text("retriever", "ca_certs");
  account_.client_certificate = text("retriever", "certfile");
  account_.client_key = text("retriever", "keyfile");
  if (number("retriever", "timeout") > 0) account_.timeout = decimal_seconds(text("retriever", "timeout"));
  const Value pins = take("retriever", "ssl_fingerprints");
  for (const std::string& pin : strings_of(pins.text)) {
    const auto digits = sha256_digits(pin);
    if (digits) account_.pins_sha256.push_back(*digits);
    if (!digits) problem(pins.line, quoted_for_people(pin) + " is no SHA-256 fingerprint");
  }
}

void GetmailrcReader::read_destination() {
  const Value type = take("destination", "type");
  TargetSettings& target = account_.target;
  if (type.text == "Maildir" || type.text == "Mboxrd") {
    target.kind = type.text == "Maildir" ? TargetSettings::Kind::maildir : TargetSettings::Kind::mbox;
    target.path = text("destination", "path");
  } else if (type.text == "MDA_external") {
    target.kind = TargetSettings::Kind::command;
    target.arguments = strings_of(text("destination", "arguments"));
    target.arguments.insert(target.arguments.begin(), text("destination", "path"));
    const bool replaced =
        std::ranges::any_of(target.arguments, [](const std::string& a) { return a.find("%(") != std::string::npos; });
    if (replaced) problem(type.line, "arguments: %(sender) and the like are not replaced here");
  } else if (type.text == "MDA_lmtp") {
    target.kind = TargetSettings::Kind::lmtp;
    target.host = text("destination", "host");
    target.port = port_number(text("destination", "port"));
    target.recipient = text("destination", "override");
    if (target.host.starts_with('/')) target.path = std::exchange(target.host, {});
  } else {
    problem(type.line, quoted_for_people(type.text) + " has no place here: choose a target");
  }
}

void GetmailrcReader::read_options() {
  Policy& policy = account_.policy;
  const bool remove = flag("options", "delete", false);
  const std::uint64_t days = number("options", "delete_after");
  policy.mode = remove ? Mode::remove : days > 0 ? Mode::keep_days : Mode::keep;
  constexpr std::uint64_t days_max = 36'500;
  if (days > 0) policy.keep_days = std::chrono::days(std::min(days, days_max));
  if (const std::uint64_t octets = number("options", "max_message_size"); octets > 0)
    policy.whole_octets_max = Octets{octets};
  if (const std::uint64_t messages = number("options", "max_messages_per_session"); messages > 0) {
    policy.messages_at_once_max = messages;
  }
  if (flag("options", "read_all", true) && !remove) {
    problem(0, "getmail fetches all messages again at each run here (read_all); this program fetches each once");
  }
}

void GetmailrcReader::complain(std::string_view name, const std::set<std::string, std::less<>>& harmless) {
  const auto section = sections_.find(name);
  if (section == sections_.end()) return;
  for (const auto& [key, value] : section->second) {
    if (taken_.contains(std::string(name) + '.' + key) || harmless.contains(key)) continue;
    problem(value.line, quoted_for_people(key) + " has no place here and is left out");
  }
}

}  // namespace

ImportedSettings read_getmailrc(std::string_view text) {
  return GetmailrcReader(text).run();
}

}  // namespace fermo::fetch
