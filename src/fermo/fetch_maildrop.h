#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "fermo/common_options.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch/target.h"

namespace fermo::commands {

/// The maildrop of the user `name`, as a target: through a running server, or opened by this process for as long as a
/// few messages take. What is wrong is printed.
Outcome<std::unique_ptr<fetch::Target>> open_maildrop_target(const std::string& name, const CommonOptions& places,
                                                             const Clock& clock, const Console& console);

}  // namespace fermo::commands
