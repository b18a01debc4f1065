#pragma once

#include <CLI/App.hpp>

#include "fermo/commands.h"

/// The commands below `fermo fetch`.
namespace fermo::commands {

void add_fetch_explain(CLI::App& fetch, Invocation& invocation);
void add_fetch_whole(CLI::App& fetch, Invocation& invocation);

}  // namespace fermo::commands
