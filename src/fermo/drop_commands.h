#pragma once

#include <CLI/App.hpp>

#include "fermo/commands.h"

/// The subcommands of `fermo drop` that have a file of their own.
namespace fermo::commands {

void add_drop_verify(CLI::App& drop, Invocation& invocation);

}  // namespace fermo::commands
