#pragma once

#include <string>

#include <CLI/App.hpp>

#include "fermo/commands.h"

/// The commands below `fermo fetch`.
namespace fermo::commands {

void add_fetch_explain(CLI::App& fetch, Invocation& invocation);

}  // namespace fermo::commands
