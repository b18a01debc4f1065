#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fermo {

/// Fills `out` from the kernel's generator (getrandom(2)): fit for keys and salts. Thread-safe.
void fill_random(std::span<std::byte> out);

/// One random number, every value equally likely. Thread-safe.
std::uint64_t random_u64();

}  // namespace fermo
