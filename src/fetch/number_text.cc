#include "fetch/number_text.h"

namespace fermo::fetch {

std::string with_separators(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return with_separators(number).append(" ").append(noun).append(number == 1 ? "" : "s");
}

}  // namespace fermo::fetch
