#include <algorithm>

#include "auth/password_file.h"
#include "auth/password_line.h"

namespace fermo::auth {

PasswordTable::PasswordTable(std::string text, std::uint64_t generation)
    : text_(std::move(text)), generation_(generation) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text_, '\n')) + 1;
  entries_.reserve(lines);
  positions_.reserve(lines);
  for_each_line(text_, [this](std::size_t begin, std::string_view line, std::uint32_t number) {
    const auto read = read_password_line(line);
    if (!read.problem.empty()) problems_.push_back({number, read.problem});
    if (read.user) add_entry(begin, number, *read.user);
  });
}

/// The canonical name has as many octets as the name in the file, so it can stand where that stood.
void PasswordTable::add_entry(std::size_t begin, std::uint32_t number, const PasswordLine& user) {
  std::ranges::copy(user.name, text_.begin() + static_cast<std::ptrdiff_t>(begin));
  const std::string_view text(text_);
  const std::string_view name = text.substr(begin, user.name.size());
  const auto [first, is_new] = positions_.try_emplace(name, entries_.size());
  if (is_new) {
    const std::string_view hash = text.substr(begin + user.hash_begin, user.hash_end - user.hash_begin);
    entries_.push_back({.name = name, .hash = hash, .line = number});
    return;
  }
  const std::uint32_t first_line = entries_[first->second].line;
  problems_.push_back(
      {number, "user " + user.name + " is in line " + std::to_string(first_line) + " already, and that line counts"});
}

const PasswordEntry* PasswordTable::find(std::string_view canonical) const {
  const auto found = positions_.find(canonical);
  return found == positions_.end() ? nullptr : &entries_[found->second];
}

}  // namespace fermo::auth
