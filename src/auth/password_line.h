#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace fermo::auth {

/// Where the parts of one line of a password file are, counted from the start of the line.
struct PasswordLine {
  std::string name;        ///< Canonical.
  std::size_t hash_begin;  ///< After the first ":".
  std::size_t hash_end;    ///< Before the second ":", a CR at the end, or the end.
};

/// What a line turned out to be: a user, or something wrong (`problem`), or neither (blank or a comment).
struct LineRead {
  std::optional<PasswordLine> user;
  std::string problem;
};
LineRead read_password_line(std::string_view line);

/// Calls `visit` for each line of a file: where it begins, its text without the LF, and its number from 1. A byte order
/// mark at the start of the file belongs to no line.
void for_each_line(std::string_view text,
                   const std::function<void(std::size_t begin, std::string_view line, std::uint32_t number)>& visit);

}  // namespace fermo::auth
