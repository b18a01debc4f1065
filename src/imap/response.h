#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reading what IMAP servers say (RFC 3501 §7), line by line.
namespace fermo::imap {

/// OK, NO or BAD with what stands behind it.
struct Status {
  enum class Kind { ok, no, bad, preauth, bye };
  Kind kind;
  std::string code;  ///< What stands in brackets, the word alone in upper case: "TRYCREATE".
  std::string text;  ///< Cleaned, with the code.
};
/// Nothing when `text` is no status.
std::optional<Status> parse_status(std::string_view text);

/// How many octets follow a line that ends in "{n}".
std::optional<std::uint64_t> literal_octets(std::string_view line);

/// Whether `text` begins with that word, without regard to case; then the word and a space are taken off it.
bool take_word(std::string_view& text, std::string_view word);

/// A number from 1 to 2^32-1.
std::optional<std::uint32_t> parse_uid(std::string_view text);

/// Words in upper case.
std::vector<std::string> words_of(std::string_view text);

/// A string between quotes; `text` must be printable ASCII.
std::string quoted(std::string_view text);
bool is_quotable(std::string_view text);

}  // namespace fermo::imap
