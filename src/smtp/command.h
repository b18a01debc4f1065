#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fermo::smtp {

/// The commands of RFC 2033, RFC 5321 and RFC 3030 that are known here, known in order to be refused, or not known.
enum class Verb { lhlo, helo, mail, rcpt, data, bdat, rset, noop, vrfy, help, quit, unknown };

/// A command line taken apart; the argument is a view into the line.
struct Command {
  Verb verb = Verb::unknown;  ///< `helo` stands for EHLO too.
  std::string_view argument;  ///< Without the space before it and without trailing white space.
};

/// `line` is without its line end. Verbs are known in any case of letters (RFC 5321 §2.4).
Command parse_command(std::string_view line);

/// A control character of ASCII before the trailing white space of `line`: no command of ours has one.
bool has_control_character(std::string_view line);

/// Compares as ASCII without regard to case.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Digits and nothing else, and not more than 64 bits hold.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

}  // namespace fermo::smtp
