#pragma once

#include <source_location>

namespace fermo {

/// Says on standard error what did not hold and where, then aborts.
[[noreturn]] void check_failed(const char* condition, std::source_location where);

}  // namespace fermo

/// Ends the process when `condition` does not hold, in a release too. For our own mistakes, never for what came from
/// outside: no input may be able to reach it.
#define FERMO_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::fermo::check_failed(#condition, std::source_location::current()))
