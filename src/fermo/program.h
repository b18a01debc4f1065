#pragma once

#include <memory>

#include <CLI/App.hpp>

#include "fermo/commands.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"

namespace fermo::commands {

/// The tree of all commands. `invocation` must outlive it.
std::unique_ptr<CLI::App> make_program(Invocation& invocation);

/// Runs `fermo` with these arguments (the program's name first). Never throws.
ExitCode run_program(int argc, const char* const* argv, Console console);

}  // namespace fermo::commands
