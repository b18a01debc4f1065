#include "simulation/trace.h"

#include <array>
#include <cstdio>

namespace fermo::simulation {
namespace {

/// FNV-1a. Enough to tell two runs apart that nobody makes alike on purpose.
std::uint64_t folded(std::uint64_t digest, std::string_view text) {
  for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return digest;
}

}  // namespace

void Trace::note(std::string_view who, std::string_view what) {
  std::array<char, 32> when{};
  const auto length = std::snprintf(when.data(), when.size(), "%12.6f ", static_cast<double>(now_.count()) / 1e6);
  std::string line(when.data(), static_cast<std::size_t>(length));
  line.append(who).append(": ").append(what);
  ++events_;
  digest_ = folded(folded(digest_, line), "\n");
  if (show_) show_(line);
}

std::string summary(std::string_view octets) {
  std::array<char, 48> text{};
  const auto length = std::snprintf(text.data(), text.size(), "%zu octets, %016llx", octets.size(),
                                    static_cast<unsigned long long>(folded(0xCBF29CE484222325, octets)));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace fermo::simulation
