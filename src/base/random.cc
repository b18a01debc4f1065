#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace fermo {

void fill_random(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    FERMO_CHECK(got > 0);  // getrandom(2) cannot fail on valid memory once the kernel has booted
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::uint64_t random_u64() {
  std::uint64_t number = 0;
  fill_random(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

}  // namespace fermo
