#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/explained.h"

namespace fermo::commands {

/// A server that mail is handed on to.
struct MailUrl {
  enum class Protocol { lmtp, smtp, imap };
  enum class Tls { none, implicit, starttls };
  Protocol protocol = Protocol::lmtp;
  Tls tls = Tls::none;
  std::string socket;  ///< A unix socket in the place of host and port.
  std::string host;    ///< A name, or an address without brackets.
  std::uint16_t port = 0;
  std::string user;       ///< IMAP: whom to log in as.
  std::string recipient;  ///< LMTP, SMTP: an address, fit for a path.
  std::string folder;     ///< IMAP: in UTF-8, as the user sees it.
};

/// Whether the word before the colon is one of those below.
bool is_mail_scheme(std::string_view scheme);

/// "lmtp://HOST[:PORT]/USER@DOMAIN", "lmtp+unix:PATH?USER@DOMAIN", "smtp://", "smtp+starttls://" and "smtps://" as
/// lmtp, "imaps://USER@HOST[:PORT]/FOLDER" and "imap+starttls://". What is wrong is a clause.
runtime::Explained<MailUrl> read_mail_url(std::string_view text);

}  // namespace fermo::commands
