#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "fetch/import_text.h"
#include "fetch/rc_import.h"

namespace fermo::fetch {
namespace {

struct Token {
  std::string text;
  bool quoted = false;
  std::uint64_t line = 0;
};

/// Words, quoted strings, and nothing for ",", ";", ":" and "=", which mean nothing.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  std::optional<Token> next() {
    skip();
    if (at_ >= text_.size()) return std::nullopt;
    Token token;
    token.line = line_;
    const char first = text_[at_];
    token.quoted = first == '"' || first == '\'';
    token.quoted ? read_quoted(token) : read_word(token);
    return token;
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v'; }
  static bool is_noise(char c) { return c == ',' || c == ';' || c == ':' || c == '='; }

  void skip() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (is_blank(c) || is_noise(c)) {
        if (c == '\n') ++line_;
        ++at_;
      } else {
        return;
      }
    }
  }

  void read_word(Token& token) {
    while (at_ < text_.size() && !is_blank(text_[at_]) && !is_noise(text_[at_])) take(token);
  }

  void read_quoted(Token& token) {
    const char quote = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote) take(token);
    if (at_ < text_.size()) ++at_;
  }

  void take(Token& token) {
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    if (c != '\\' || at_ >= text_.size()) {
      token.text.push_back(c);
      return;
    }
    const char escaped = text_[at_++];
    if (escaped >= '0' && escaped <= '7') {
      take_octal(escaped, token);
      return;
    }
    switch (escaped) {
      case 'n':
        token.text.push_back('\n');
        break;
      case 't':
        token.text.push_back('\t');
        break;
      case 'b':
        token.text.push_back('\b');
        break;
      case '\n':
        ++line_;
        break;
      default:
        token.text.push_back(escaped);
    }
  }

  void take_octal(char first, Token& token) {
    int value = first - '0';
    for (int digits = 1; digits < 3 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7'; ++digits) {
      value = value * 8 + (text_[at_++] - '0');
    }
    token.text.push_back(static_cast<char>(value & 0xff));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
};

/// What the options of one entry come to; `defaults` fills one in that the others begin with.
struct Entry {
  AccountSettings account;
  std::string protocol = "auto";
  bool ssl = false;
  std::optional<std::string> ssl_protocol;
  bool keep = false;
  bool lmtp = false;
  std::string via;
  std::string smtp_host;
  std::string local_user;
};

enum class Argument { none, one, many };

struct Option {
  std::string_view name;
  Argument argument;
};

/// Options that need nothing here: how mail goes through fetchmail's own SMTP, tuning, and what is always so.
constexpr std::array ignored{Option{"uidl", Argument::none},         Option{"rewrite", Argument::none},
                             Option{"dns", Argument::none},          Option{"checkalias", Argument::none},
                             Option{"flush", Argument::none},        Option{"fetchall", Argument::none},
                             Option{"stripcr", Argument::none},      Option{"forcecr", Argument::none},
                             Option{"pass8bits", Argument::none},    Option{"idle", Argument::none},
                             Option{"tracepolls", Argument::none},   Option{"warnings", Argument::one},
                             Option{"batchlimit", Argument::one},    Option{"fetchsizelimit", Argument::one},
                             Option{"fastuidl", Argument::one},      Option{"expunge", Argument::one},
                             Option{"properties", Argument::one},    Option{"bad-header", Argument::one},
                             Option{"antispam", Argument::many},     Option{"smtpname", Argument::one},
                             Option{"smtpaddress", Argument::one},   Option{"esmtpname", Argument::one},
                             Option{"esmtppassword", Argument::one}, Option{"sslcertpath", Argument::one},
                             Option{"sslcommonname", Argument::one}};

/// Options that somebody relied on and that have no place here.
constexpr std::array unsupported{Option{"envelope", Argument::one},       Option{"qvirtual", Argument::one},
                                 Option{"aka", Argument::many},           Option{"localdomains", Argument::many},
                                 Option{"local", Argument::many},         Option{"interface", Argument::one},
                                 Option{"monitor", Argument::one},        Option{"plugin", Argument::one},
                                 Option{"plugout", Argument::one},        Option{"principal", Argument::one},
                                 Option{"folder", Argument::many},        Option{"fetchdomains", Argument::many},
                                 Option{"bsmtp", Argument::one},          Option{"preconnect", Argument::one},
                                 Option{"postconnect", Argument::one},    Option{"dropstatus", Argument::none},
                                 Option{"dropdelivered", Argument::none}, Option{"mimedecode", Argument::none},
                                 Option{"limitflush", Argument::none},    Option{"sslfingerprint", Argument::one},
                                 Option{"interval", Argument::one}};

/// Options that may be written in one word with "no".
constexpr std::array<std::string_view, 17> negatable{
    "keep",       "flush",      "fetchall",      "rewrite",    "stripcr",   "forcecr",
    "pass8bits",  "dropstatus", "dropdelivered", "mimedecode", "idle",      "dns",
    "checkalias", "uidl",       "tracepolls",    "sslcertck",  "limitflush"};

class FetchmailrcReader {
 public:
  explicit FetchmailrcReader(std::string_view text) : tokens_(text.substr(0, limits::import_octets_max)) {}

  ImportedSettings run() {
    advance();
    while (token_) {
      if (!statement()) option();
    }
    finish_user();
    return std::move(out_);
  }

 private:
  /// "nokeep" is read as "no keep".
  void advance() {
    if (after_no_) {
      token_ = std::exchange(after_no_, std::nullopt);
      return;
    }
    token_ = tokens_.next();
    if (!token_ || token_->quoted || !equals_ignoring_case(std::string_view(token_->text).substr(0, 2), "no")) return;
    const std::string rest = in_lower_case(token_->text.substr(2));
    if (std::ranges::find(negatable, rest) == negatable.end()) return;
    after_no_ = Token{rest, false, token_->line};
    token_->text = "no";
  }
  bool is(std::string_view word) const { return token_ && !token_->quoted && equals_ignoring_case(token_->text, word); }
  bool is_any(std::initializer_list<std::string_view> words) const {
    return std::ranges::any_of(words, [this](std::string_view word) { return is(word); });
  }
  bool accept(std::initializer_list<std::string_view> words) {
    if (!is_any(words)) return false;
    advance();
    return true;
  }
  void problem(std::string message) { out_.problems.add(token_ ? token_->line : 0, std::move(message)); }
  std::string argument() {
    if (!token_) {
      problem("an argument is missing at the end");
      return {};
    }
    std::string text = std::move(token_->text);
    advance();
    return text;
  }

  bool statement();
  void set_statement();
  void begin_server(bool enabled);
  void begin_user();
  void option();
  bool simple_option(bool off);
  bool text_option();
  bool listed_option();
  void skip_arguments(Argument kind);
  bool at_keyword() const;
  void finish_user();
  void choose_tls(AccountSettings& account, const Entry& entry);
  void choose_target(AccountSettings& account, const Entry& entry);

  Tokens tokens_;
  std::optional<Token> token_;
  std::optional<Token> after_no_;
  ImportedSettings out_;
  Entry defaults_;
  Entry server_;
  Entry user_;
  bool in_defaults_ = false;
  bool has_user_ = false;
  std::optional<std::chrono::seconds> interval_;
  std::uint64_t user_line_ = 0;

  Entry& current() { return in_defaults_ ? defaults_ : has_user_ ? user_ : server_; }
};

bool FetchmailrcReader::statement() {
  if (accept({"set"})) {
    set_statement();
    return true;
  }
  if (accept({"defaults"})) {
    finish_user();
    in_defaults_ = true;
    return true;
  }
  const bool skipped = is("skip");
  if (!accept({"poll", "server", "skip"})) return false;
  finish_user();
  begin_server(!skipped);
  return true;
}

void FetchmailrcReader::set_statement() {
  const bool off = accept({"no"});
  const std::string name = in_lower_case(argument());
  const bool has_argument = !off && token_ && !at_keyword() &&
                            (name == "daemon" || name == "logfile" || name == "postmaster" || name == "idfile" ||
                             name == "pidfile" || name == "properties");
  const std::string value = has_argument ? argument() : std::string();
  if (name != "daemon") return;
  if (const auto seconds = decimal_seconds(value)) {
    interval_ = seconds;
  } else {
    problem("set daemon needs a number of seconds");
  }
}

void FetchmailrcReader::begin_server(bool enabled) {
  in_defaults_ = false;
  server_ = defaults_;
  server_.account.enabled = enabled;
  server_.account.server = argument();
}

void FetchmailrcReader::begin_user() {
  const std::uint64_t line = token_ ? token_->line : 0;
  std::string name = argument();
  if (accept({"here"})) {
    current().local_user = std::move(name);
    return;
  }
  accept({"there"});
  if (in_defaults_) {
    defaults_.account.user = std::move(name);
    return;
  }
  finish_user();
  user_ = server_;
  user_.account.user = std::move(name);
  has_user_ = true;
  user_line_ = line;
}

void FetchmailrcReader::option() {
  if (accept({"and", "with", "has", "wants", "options", "here", "there"})) return;
  if (accept({"user", "username"})) {
    begin_user();
    return;
  }
  const bool off = accept({"no"});
  if (simple_option(off) || text_option() || listed_option()) return;
  problem(token_ ? quoted_for_people(token_->text) + " is not known" : "something is missing after \"no\"");
  if (token_) advance();
}

bool FetchmailrcReader::simple_option(bool off) {
  Entry& entry = current();
  if (accept({"keep"})) return entry.keep = !off, true;
  if (accept({"ssl"})) return entry.ssl = !off, true;
  if (accept({"lmtp"})) return entry.lmtp = !off, true;
  if (is("sslcertck")) {
    if (off) problem("no sslcertck has no place here: certificates are always checked; use a pin or a CA file");
    advance();
    return true;
  }
  return false;
}

bool FetchmailrcReader::text_option() {
  Entry& entry = current();
  AccountSettings& account = entry.account;
  if (accept({"protocol", "proto"})) return entry.protocol = in_lower_case(argument()), true;
  if (accept({"via"})) return entry.via = argument(), true;
  if (accept({"password", "pass"})) {
    account.password.kind = PasswordSource::Kind::literal;
    account.password.literal = Secret(argument());
    return true;
  }
  if (accept({"port", "service"})) {
    const std::string port = argument();
    account.port = port == "pop3s" ? 995 : port == "pop3" ? 110 : port_number(port);
    if (!account.port) problem(quoted_for_people(port) + " is no port");
    return true;
  }
  if (accept({"timeout"})) {
    if (const auto seconds = decimal_seconds(argument())) account.timeout = seconds;
    return true;
  }
  if (accept({"auth", "authenticate"})) return account.mechanism = in_lower_case(argument()), true;
  if (accept({"sslproto"})) return entry.ssl_protocol = argument(), true;
  if (accept({"sslcertfile"})) return account.ca_file = argument(), true;
  if (accept({"sslcert"})) return account.client_certificate = argument(), true;
  if (accept({"sslkey"})) return account.client_key = argument(), true;
  if (accept({"mda"})) {
    account.target.kind = TargetSettings::Kind::command;
    account.target.arguments = {"/bin/sh", "-c", argument()};
    return true;
  }
  if (accept({"limit"})) {
    const auto octets = decimal(argument());
    account.policy.whole_octets_max = octets && *octets > 0 ? std::optional(Octets{*octets}) : std::nullopt;
    return true;
  }
  if (accept({"fetchlimit"})) {
    const auto messages = decimal(argument());
    account.policy.messages_at_once_max = messages && *messages > 0 ? messages : std::nullopt;
    return true;
  }
  return false;
}

bool FetchmailrcReader::listed_option() {
  if (accept({"is", "to"})) {
    current().local_user = token_ && !at_keyword() ? argument() : std::string();
    if (token_ && !at_keyword()) problem("more than one local user: only the first is taken");
    skip_arguments(Argument::many);
    return true;
  }
  if (accept({"smtphost"})) {
    current().smtp_host = argument();
    skip_arguments(Argument::many);
    return true;
  }
  const auto named = [this](const Option& option) { return is(option.name); };
  if (const auto found = std::ranges::find_if(ignored, named); found != ignored.end()) {
    advance();
    skip_arguments(found->argument);
    return true;
  }
  if (const auto found = std::ranges::find_if(unsupported, named); found != unsupported.end()) {
    problem("\"" + std::string(found->name) + "\" has no place here and is left out");
    advance();
    skip_arguments(found->argument);
    return true;
  }
  return false;
}

void FetchmailrcReader::skip_arguments(Argument kind) {
  if (kind == Argument::one && token_) advance();
  while (kind == Argument::many && token_ && !at_keyword()) advance();
}

/// The end of a list of arguments.
bool FetchmailrcReader::at_keyword() const {
  if (!token_ || token_->quoted) return false;
  const auto named = [this](const Option& option) { return is(option.name); };
  return is_any({"poll",   "server",  "skip",      "defaults",   "set",          "user",     "username",    "and",
                 "with",   "has",     "wants",     "options",    "here",         "there",    "no",          "keep",
                 "ssl",    "lmtp",    "sslcertck", "protocol",   "proto",        "via",      "password",    "pass",
                 "port",   "service", "timeout",   "auth",       "authenticate", "sslproto", "sslcertfile", "sslcert",
                 "sslkey", "mda",     "limit",     "fetchlimit", "is",           "to",       "smtphost"}) ||
         std::ranges::any_of(ignored, named) || std::ranges::any_of(unsupported, named);
}

void FetchmailrcReader::finish_user() {
  if (!std::exchange(has_user_, false)) return;
  AccountSettings account = user_.account;
  if (user_.protocol != "pop3" && user_.protocol != "auto" && user_.protocol != "apop") {
    out_.problems.add(user_line_, quoted_for_people(user_.protocol) + " is not POP3: the account of " +
                                      quoted_for_people(account.user) + " is left out");
    return;
  }
  account.name = account.user + "@" + account.server;
  if (!user_.via.empty()) account.server = user_.via;
  if (user_.protocol == "apop") account.mechanism = "APOP";
  if (account.mechanism == "password" || account.mechanism == "any") account.mechanism.clear();
  account.policy.mode = user_.keep ? Mode::keep : Mode::remove;
  account.interval = interval_;
  choose_tls(account, user_);
  choose_target(account, user_);
  out_.accounts.push_back(std::move(account));
}

void FetchmailrcReader::choose_tls(AccountSettings& account, const Entry& entry) {
  if (entry.ssl || account.port == 995) {
    account.tls = TlsMode::implicit;
  } else if (entry.ssl_protocol && entry.ssl_protocol->empty()) {
    account.tls = TlsMode::plaintext;
    out_.problems.add(user_line_, "sslproto \"\": the password goes over the line unprotected");
  } else {
    account.tls = TlsMode::stls;
  }
}

void FetchmailrcReader::choose_target(AccountSettings& account, const Entry& entry) {
  TargetSettings& target = account.target;
  if (target.kind == TargetSettings::Kind::command) {
    if (target.arguments.back().find('%') != std::string::npos) {
      out_.problems.add(user_line_, "mda: %F, %T and the like are not replaced here");
    }
    return;
  }
  target.kind = entry.lmtp ? TargetSettings::Kind::lmtp : TargetSettings::Kind::smtp;
  const std::size_t slash = entry.smtp_host.find('/');
  if (slash == 0) {
    target.path = entry.smtp_host;
  } else {
    target.host = entry.smtp_host.empty() ? "localhost" : entry.smtp_host.substr(0, slash);
    if (slash != std::string::npos) target.port = port_number(std::string_view(entry.smtp_host).substr(slash + 1));
  }
  target.recipient = entry.local_user.empty() ? account.user : entry.local_user;
}

}  // namespace

ImportedSettings read_fetchmailrc(std::string_view text) {
  return FetchmailrcReader(text).run();
}

}  // namespace fermo::fetch
