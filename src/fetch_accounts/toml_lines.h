#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fermo::fetch_accounts {

/// One statement of a TOML text and where it stands: what has to be known to change a text in one place only. Offsets
/// count octets from the beginning of the text.
struct Statement {
  enum class Kind { blank, comment, header, assignment };
  Kind kind = Kind::blank;
  std::size_t begin = 0;          ///< Of its first line.
  std::size_t end = 0;            ///< Behind the end of its last line.
  std::vector<std::string> path;  ///< Of a header, or of the key of an assignment within its table.
  std::size_t indent = 0;         ///< Octets of white space before it.
  std::size_t value_begin = 0;    ///< Of an assignment,
  std::size_t value_end = 0;      ///< without the white space and comment behind it.
};

/// Of a text that is TOML and has no strings in three quotes; for any other the statements may make no sense, but they
/// follow each other without a gap.
std::vector<Statement> statements_of(std::string_view text);

}  // namespace fermo::fetch_accounts
