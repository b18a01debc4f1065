#include "fetcher/leftovers.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <system_error>

#include "base/random.h"
#include "fetcher/delivery_name.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;

/// How long a delivery may take, as every program that knows Maildirs takes it.
constexpr std::chrono::hours leftover_age{36};

}  // namespace

std::string random_suffix() {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(random_u64()));
  return text.data();
}

void remove_old_leftovers(const fs::path& folder, FileOps& ops) {
  std::error_code error;
  const auto old = fs::file_time_type::clock::now() - leftover_age;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code unknown;
    const bool ours = at->path().filename().native().starts_with(delivery_name_prefix);
    if (ours && at->last_write_time(unknown) < old && !unknown) static_cast<void>(ops.unlink(at->path()));
  }
}

}  // namespace fermo::fetcher
