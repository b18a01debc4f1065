#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace fermo::pop3 {

/// The keywords this server knows.
enum class Verb { unknown, auth, capa, dele, list, noop, pass, quit, retr, rset, stat, stls, top, uidl, user };

/// A command line taken apart (RFC 1939 §3).
struct Command {
  Verb verb = Verb::unknown;
  /// Everything after the single space that ends the keyword, trailing spaces too; empty when there is none. A view
  /// into the line.
  std::string_view argument;
};

/// `line` comes without its line end. The keyword is matched without regard to case.
Command parse_command(std::string_view line);

/// The words of an argument. Runs of spaces count as one, for clients that end a line with a space.
std::vector<std::string_view> split_words(std::string_view argument);

/// Digits and nothing else, leading zeros allowed; nothing for anything else. A number that does not fit comes out as
/// the largest that does: it names no message, and asks TOP for every line.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// Equality without regard to the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace fermo::pop3
