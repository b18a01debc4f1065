#include "auth/password_line.h"

#include <algorithm>

#include "account/account.h"
#include "auth/password_hash.h"

namespace fermo::auth {
namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

}  // namespace

LineRead read_password_line(std::string_view line) {
  const std::string_view content = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
  if (content.starts_with('#') || content.find_first_not_of(" \t") == std::string_view::npos) return {};
  const std::size_t separator = content.find(':');
  if (separator == std::string_view::npos) {
    return {.user = {}, .problem = "no \":\" after the name; a line is name:{SCHEME}hash"};
  }
  auto name = account::canonical_name(content.substr(0, separator));
  if (!name) {
    return {.user = {},
            .problem = "not a valid user name; it may hold no space, control character or octets that are not UTF-8"};
  }
  const std::size_t begin = separator + 1;
  const std::size_t end = std::min(content.find(':', begin), content.size());
  LineRead read{.user = PasswordLine{.name = *name, .hash_begin = begin, .hash_end = end}, .problem = {}};
  const std::string_view hash = content.substr(begin, end - begin);
  if (std::ranges::any_of(hash, is_control)) {
    read.problem = "user " + *name + ": the password hash holds a control character";
  } else if (const auto problem = hash_problem(hash)) {
    read.problem = "user " + *name + ": the password hash " + *problem;
  }
  return read;
}

void for_each_line(std::string_view text,
                   const std::function<void(std::size_t, std::string_view, std::uint32_t)>& visit) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  std::size_t begin = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  for (std::uint32_t number = 1; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    visit(begin, text.substr(begin, end - begin), number);
    begin = end + 1;
  }
}

}  // namespace fermo::auth
