#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <CLI/App.hpp>

#include "fermo/console.h"
#include "fermo/exit_code.h"

/// Each command adds itself, with its options, to the tree of commands. What stands in the tree is all that `--help`
/// and the completion of shells show.
namespace fermo::commands {

/// What the command line turned out to ask for.
struct Invocation {
  Console& console;
  std::function<ExitCode()> chosen;
};

void add_serve(CLI::App& program, Invocation& invocation);
void add_user(CLI::App& program, Invocation& invocation);
void add_deliver(CLI::App& program, Invocation& invocation);
void add_drop(CLI::App& program, Invocation& invocation);
void add_backup(CLI::App& program, Invocation& invocation);
void add_restore(CLI::App& program, Invocation& invocation);
void add_fetch(CLI::App& program, Invocation& invocation);
void add_account(CLI::App& program, Invocation& invocation);
void add_check_config(CLI::App& program, Invocation& invocation);
void add_doctor(CLI::App& program, Invocation& invocation);
void add_completion(CLI::App& program, Invocation& invocation);

/// `leaf` runs `command(options, console)`, unless one of its subcommands was chosen. The options live as long as the
/// tree.
template <class Options>
void runs(CLI::App& leaf, Invocation& invocation, std::shared_ptr<Options> options,
          ExitCode (*command)(const Options&, const Console&)) {
  leaf.callback([&leaf, &invocation, options = std::move(options), command] {
    if (!leaf.get_subcommands().empty()) return;
    invocation.chosen = [&invocation, options, command] { return command(*options, invocation.console); };
  });
}

}  // namespace fermo::commands
