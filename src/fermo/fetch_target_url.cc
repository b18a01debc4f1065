#include "fermo/fetch_target_url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "mail/address.h"
#include "mail/utf8.h"

namespace fermo::commands {
namespace {

using Protocol = MailUrl::Protocol;
using Tls = MailUrl::Tls;
using Read = runtime::Explained<MailUrl>;

struct Scheme {
  std::string_view word;
  Protocol protocol;
  Tls tls;
  std::uint16_t port;  ///< 0: a unix socket.
};
constexpr std::array schemes{Scheme{"lmtp+unix", Protocol::lmtp, Tls::none, 0},
                             Scheme{"lmtp", Protocol::lmtp, Tls::none, 24},
                             Scheme{"smtp", Protocol::smtp, Tls::none, 25},
                             Scheme{"smtp+starttls", Protocol::smtp, Tls::starttls, 587},
                             Scheme{"smtps", Protocol::smtp, Tls::implicit, 465},
                             Scheme{"imaps", Protocol::imap, Tls::implicit, 993},
                             Scheme{"imap+starttls", Protocol::imap, Tls::starttls, 143}};

const Scheme* find_scheme(std::string_view word) {
  const auto* const found = std::ranges::find(schemes, word, &Scheme::word);
  return found == schemes.end() ? nullptr : found;
}

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Takes host and port out of "HOST", "HOST:PORT" or "[ADDRESS]:PORT"; what is wrong, or nothing.
std::string take_place(std::string_view text, MailUrl& url) {
  const bool bracketed = text.starts_with('[');
  const auto host_end = bracketed ? text.find(']') : text.rfind(':');
  if (bracketed && host_end == std::string_view::npos) return "a bracket is missing";
  std::string_view host = text.substr(0, host_end);
  std::string_view port = host_end == std::string_view::npos ? std::string_view() : text.substr(host_end);
  if (bracketed) {
    host.remove_prefix(1);
    port.remove_prefix(1);
  } else if (host.find(':') != std::string_view::npos) {
    return "an IPv6 address stands in brackets";
  }
  const bool odd = std::ranges::any_of(host, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == '@'; });
  if (host.empty() || odd || has_controls(host)) return "its host is missing or has characters that no host has";
  url.host = host;
  if (port.empty()) return {};
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), url.port);
  const bool good = port.front() == ':' && error == std::errc() && end == port.data() + port.size() && url.port != 0;
  return good ? std::string() : "its port is no number from 1 to 65535";
}

std::string take_recipient(std::string_view text, MailUrl& url) {
  const auto address = mail::parse_address(text, true);
  if (!address) return "what follows the place must be whom the mail is for: USER@DOMAIN";
  url.recipient = address->text();
  return {};
}

std::string take_folder(std::string_view text, MailUrl& url) {
  if (text.empty() || has_controls(text) || !mail::is_utf8(text))
    return "the folder is missing; write INBOX for the inbox";
  url.folder = text;
  return {};
}

std::string take_socket(std::string_view text, MailUrl& url) {
  const auto mark = text.rfind('?');
  if (!text.starts_with('/') || mark == std::string_view::npos) return "write lmtp+unix:/PATH?USER@DOMAIN";
  url.socket = text.substr(0, mark);
  url.host = "localhost";
  return take_recipient(text.substr(mark + 1), url);
}

std::string take_rest(std::string_view text, MailUrl& url) {
  if (!text.starts_with("//")) return "two slashes belong after the colon";
  text.remove_prefix(2);
  const auto slash = text.find('/');
  std::string_view place = text.substr(0, slash);
  const std::string_view path = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  if (url.protocol == Protocol::imap) {
    const auto at = place.rfind('@');
    if (at == std::string_view::npos || at == 0 || has_controls(place))
      return "it does not say whom to log in as: USER@HOST";
    url.user = place.substr(0, at);
    place.remove_prefix(at + 1);
  }
  if (auto wrong = take_place(place, url); !wrong.empty()) return wrong;
  return url.protocol == Protocol::imap ? take_folder(path, url) : take_recipient(path, url);
}

}  // namespace

bool is_mail_scheme(std::string_view scheme) {
  return find_scheme(scheme) != nullptr;
}

Read read_mail_url(std::string_view text) {
  const auto colon = text.find(':');
  const Scheme* const scheme = find_scheme(text.substr(0, colon));
  if (scheme == nullptr || colon == std::string_view::npos) return Read::problem("its scheme is unknown");
  MailUrl url;
  url.protocol = scheme->protocol;
  url.tls = scheme->tls;
  url.port = scheme->port;
  const std::string_view rest = text.substr(colon + 1);
  const std::string wrong = scheme->port == 0 ? take_socket(rest, url) : take_rest(rest, url);
  if (!wrong.empty()) return Read::problem(wrong);
  return url;
}

}  // namespace fermo::commands
