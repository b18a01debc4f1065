#include "base/check.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace fermo {
namespace {

constexpr int patience_milliseconds = 100;

/// The process ends even when nobody reads what it says last: it is started again only then.
void say(const char* text, std::size_t octets) {
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&room, 1, patience_milliseconds) <= 0) return;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, octets);
}

}  // namespace

void check_failed(const char* condition, std::source_location where) {
  std::array<char, 1024> text{};
  const int octets =
      std::snprintf(text.data(), text.size(), "fermo: %s:%u: %s: this must hold and does not: %s\n", where.file_name(),
                    static_cast<unsigned>(where.line()), where.function_name(), condition);
  say(text.data(), std::min(static_cast<std::size_t>(std::max(octets, 0)), text.size() - 1));
  std::abort();
}

}  // namespace fermo
