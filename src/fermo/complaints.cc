#include "fermo/complaints.h"

#include <string_view>

namespace fermo::commands {

std::string Complaints::text() const {
  constexpr std::string_view prefix = "fermo: ";
  std::istringstream lines(text_.str());
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(prefix)) line.erase(0, prefix.size());
    all += (all.empty() ? "" : "; ") + line;
  }
  return all;
}

}  // namespace fermo::commands
