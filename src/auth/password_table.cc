#include <algorithm>
#include <numeric>
#include <tuple>

#include "auth/password_file.h"
#include "auth/password_line.h"

namespace fermo::auth {

PasswordTable::PasswordTable(std::string text, std::uint64_t generation)
    : text_(std::move(text)), generation_(generation) {
  for_each_line(text_, [this](std::size_t begin, std::string_view line, std::uint32_t number) {
    const auto read = read_password_line(line);
    if (!read.problem.empty()) problems_.push_back({number, read.problem});
    if (read.user) add_entry(begin, *read.user, number);
  });
  sort_names();
  leave_out_duplicates();
  std::ranges::sort(problems_, {}, [](const LineProblem& problem) { return std::tie(problem.line, problem.message); });
}

/// The canonical name has as many octets as the name in the file, so it can stand where that stood.
void PasswordTable::add_entry(std::size_t begin, const PasswordLine& user, std::uint32_t number) {
  std::ranges::copy(user.name, text_.begin() + static_cast<std::ptrdiff_t>(begin));
  const std::string_view text(text_);
  entries_.push_back({.name = text.substr(begin, user.name.size()),
                      .hash = text.substr(begin + user.hash_begin, user.hash_end - user.hash_begin),
                      .line = number});
}

void PasswordTable::sort_names() {
  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0U);
  // By position too, so that of several lines with one name the first comes first.
  const auto name_then_position = [this](std::uint32_t position) {
    return std::pair(entries_[position].name, position);
  };
  std::ranges::sort(by_name_, {}, name_then_position);
}

void PasswordTable::leave_out_duplicates() {
  constexpr std::uint32_t duplicate = 0;  // no line has this number
  const PasswordEntry* first = nullptr;
  for (const std::uint32_t position : by_name_) {
    PasswordEntry& entry = entries_[position];
    if (first == nullptr || first->name != entry.name) {
      first = &entry;
      continue;
    }
    problems_.push_back({entry.line, "user " + std::string(entry.name) + " is in line " + std::to_string(first->line) +
                                         " already, and that line counts"});
    entry.line = duplicate;
  }
  if (std::erase_if(entries_, [](const PasswordEntry& entry) { return entry.line == duplicate; }) > 0) sort_names();
}

const PasswordEntry* PasswordTable::find(std::string_view canonical) const {
  const auto name_of = [this](std::uint32_t position) { return entries_[position].name; };
  const auto found = std::ranges::lower_bound(by_name_, canonical, {}, name_of);
  if (found == by_name_.end() || name_of(*found) != canonical) return nullptr;
  return &entries_[*found];
}

}  // namespace fermo::auth
