#include "smtp/arguments.h"

#include <algorithm>
#include <limits>

#include "base/limits.h"
#include "mail/utf8.h"
#include "smtp/command.h"

namespace fermo::smtp {
namespace {

struct PathAndRest {
  std::string_view path;  ///< Without its angle brackets.
  std::string_view rest;
};

/// What of `text` follows `prefix`, in any case of letters.
std::optional<std::string_view> after_prefix(std::string_view text, std::string_view prefix) {
  if (!equal_ignoring_case(text.substr(0, prefix.size()), prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  // RFC 5321 §3.3 forbids a space here and names it a common error; nothing can be misread for it.
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

/// Where the path that begins with the first octet of `text` is closed: a ">" that is not quoted.
std::size_t closing_bracket(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '>' && !quoted) return i;
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '\\' && quoted) ++i;
  }
  return std::string_view::npos;
}

std::optional<PathAndRest> split_path(std::string_view text) {
  if (!text.starts_with('<')) return std::nullopt;
  const std::size_t close = closing_bracket(text);
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(close + 1);
  if (!rest.empty() && !rest.starts_with(' ')) return std::nullopt;
  return PathAndRest{text.substr(1, close - 1), rest};
}

/// `path` without the source route `@host,@host:`, which must be taken and should be ignored (RFC 5321 §4.1.1.3,
/// appendix C).
std::string_view without_source_route(std::string_view path) {
  if (!path.starts_with('@')) return path;
  const std::size_t colon = path.find(':');
  const std::string_view route = path.substr(0, colon);
  const bool well_formed = colon != std::string_view::npos && !route.ends_with('@') && !route.ends_with(',') &&
                           route.find("@,") == std::string_view::npos &&
                           route.find_first_of(" <>\"\\") == std::string_view::npos;
  return well_formed ? path.substr(colon + 1) : std::string_view{};
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::variant<mail::Address, Reply> parse_path(std::string_view path, bool smtputf8, const Reply& malformed) {
  if (path.size() + 2 > limits::path_octets_max) return malformed;
  if (!smtputf8 && !is_ascii(path)) return replies::not_ascii;
  std::optional<mail::Address> address = mail::parse_address(without_source_route(path), smtputf8);
  if (!address) return malformed;
  return *std::move(address);
}

/// One esmtp-param of RFC 5321 §4.1.2, as widened by RFC 6531 §3.3.
struct Parameter {
  std::string_view keyword;
  std::optional<std::string_view> value;
};

bool is_alphanumeric(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_keyword(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_value(std::string_view text) {
  return !text.empty() && mail::is_utf8(text) && std::ranges::all_of(text, [](char c) { return c != '=' && c != ' '; });
}

/// Takes the next parameter out of `text`, which is not empty and does not begin with a space.
std::optional<Parameter> take_parameter(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  const std::size_t equals = word.find('=');
  Parameter parameter{word.substr(0, equals), std::nullopt};
  if (equals != std::string_view::npos) parameter.value = word.substr(equals + 1);
  if (!is_keyword(parameter.keyword) || (parameter.value && !is_value(*parameter.value))) return std::nullopt;
  return parameter;
}

/// Calls `use` with each parameter of `text` until one is refused.
template <class Use>
std::optional<Reply> for_each_parameter(std::string_view text, Use use) {
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return std::nullopt;
    const std::optional<Parameter> parameter = take_parameter(text);
    if (!parameter) return replies::bad_parameter;
    if (std::optional<Reply> refusal = use(*parameter)) return refusal;
  }
}

/// RFC 1870 §4: 1 to 20 digits.
std::optional<Reply> use_size(const Parameter& parameter, MailArguments& mail) {
  if (mail.declared_octets) return replies::repeated_parameter;
  const std::string_view digits = parameter.value.value_or("");
  const bool all_digits = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (digits.empty() || digits.size() > 20 || !all_digits) return replies::bad_parameter;
  mail.declared_octets = parse_decimal(digits).value_or(std::numeric_limits<std::uint64_t>::max());
  return std::nullopt;
}

/// RFC 6152 §2. BINARYMIME (RFC 3030 §3) is a value that only a server which offers it may be given.
std::optional<Reply> use_body(const Parameter& parameter, bool& given) {
  if (given) return replies::repeated_parameter;
  given = true;
  const std::string_view value = parameter.value.value_or("");
  if (equal_ignoring_case(value, "7BIT") || equal_ignoring_case(value, "8BITMIME")) return std::nullopt;
  return equal_ignoring_case(value, "BINARYMIME") ? replies::parameter_not_offered : replies::bad_parameter;
}

/// RFC 6531 §3.4: it has no value.
std::optional<Reply> use_smtputf8(const Parameter& parameter, MailArguments& mail) {
  if (mail.smtputf8) return replies::repeated_parameter;
  if (parameter.value) return replies::bad_parameter;
  mail.smtputf8 = true;
  return std::nullopt;
}

std::optional<Reply> parse_mail_parameters(std::string_view text, MailArguments& mail) {
  bool body_given = false;
  return for_each_parameter(text, [&](const Parameter& parameter) -> std::optional<Reply> {
    if (equal_ignoring_case(parameter.keyword, "SIZE")) return use_size(parameter, mail);
    if (equal_ignoring_case(parameter.keyword, "BODY")) return use_body(parameter, body_given);
    if (equal_ignoring_case(parameter.keyword, "SMTPUTF8")) return use_smtputf8(parameter, mail);
    return replies::parameter_not_offered;
  });
}

std::optional<PathAndRest> path_after(std::string_view argument, std::string_view prefix) {
  const std::optional<std::string_view> text = after_prefix(argument, prefix);
  return text ? split_path(*text) : std::nullopt;
}

}  // namespace

std::variant<MailArguments, Reply> parse_mail_arguments(std::string_view argument) {
  const std::optional<PathAndRest> split = path_after(argument, "FROM:");
  if (!split) return replies::bad_mail_syntax;
  MailArguments mail;
  if (const std::optional<Reply> refusal = parse_mail_parameters(split->rest, mail)) return *refusal;
  if (split->path.empty()) return mail;
  auto parsed = parse_path(split->path, mail.smtputf8, replies::bad_sender);
  if (const auto* refusal = std::get_if<Reply>(&parsed)) return *refusal;
  mail.reverse_path = std::get<mail::Address>(std::move(parsed));
  return mail;
}

std::variant<mail::Address, Reply> parse_rcpt_arguments(std::string_view argument, bool smtputf8) {
  const std::optional<PathAndRest> split = path_after(argument, "TO:");
  if (!split) return replies::bad_rcpt_syntax;
  const auto refuse_all = [](const Parameter&) -> std::optional<Reply> { return replies::parameter_not_offered; };
  if (const std::optional<Reply> refusal = for_each_parameter(split->rest, refuse_all)) return *refusal;
  return parse_path(split->path, smtputf8, replies::bad_recipient);
}

std::optional<BdatArguments> parse_bdat_arguments(std::string_view argument) {
  const std::size_t space = argument.find(' ');
  const std::optional<std::uint64_t> octets = parse_decimal(argument.substr(0, space));
  if (!octets) return std::nullopt;
  if (space == std::string_view::npos) return BdatArguments{.octets = *octets, .last = false, .well_formed = true};
  const bool last = equal_ignoring_case(argument.substr(space + 1), "LAST");
  return BdatArguments{.octets = *octets, .last = last, .well_formed = last};
}

}  // namespace fermo::smtp
