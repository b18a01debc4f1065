#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace fermo {

void check_failed(const char* condition, std::source_location where) {
  std::fprintf(stderr, "fermo: %s:%u: %s: this must hold and does not: %s\n", where.file_name(),
               static_cast<unsigned>(where.line()), where.function_name(), condition);
  std::abort();
}

}  // namespace fermo
