#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "mail/address.h"
#include "smtp/reply.h"

/// The arguments of MAIL, RCPT and BDAT: paths and ESMTP parameters (RFC 5321 §4.1.2). Each parser gives what was asked
/// for or the reply that refuses it.
namespace fermo::smtp {

/// `FROM:<reverse-path> [SIZE=octets] [BODY=7BIT|8BITMIME] [SMTPUTF8]`.
struct MailArguments {
  std::optional<mail::Address> reverse_path;  ///< Nothing: the null reverse-path.
  std::optional<std::uint64_t>
      declared_octets;  ///< SIZE (RFC 1870 §6); what 64 bits do not hold is their largest value.
  bool smtputf8 = false;
};
std::variant<MailArguments, Reply> parse_mail_arguments(std::string_view argument);

/// `TO:<forward-path>`; `smtputf8` as MAIL said.
std::variant<mail::Address, Reply> parse_rcpt_arguments(std::string_view argument, bool smtputf8);

/// `octets [LAST]` (RFC 3030 §2).
struct BdatArguments {
  std::uint64_t octets;
  bool last;
  bool well_formed;  ///< False: the chunk can be skipped, but not taken.
};
/// Nothing: there is no number, so nobody knows where the chunk ends.
std::optional<BdatArguments> parse_bdat_arguments(std::string_view argument);

}  // namespace fermo::smtp
