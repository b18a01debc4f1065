#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include <CLI/Validators.hpp>

#include "fermo/commands.h"
#include "fermo/completion_script.h"

namespace fermo::commands {
namespace {

struct CompletionOptions {
  std::string shell;
  const CLI::App* program = nullptr;  ///< The whole tree; this command is part of it, so it lives as long.
};

ExitCode completion(const CompletionOptions& options, const Console& console) {
  const auto script = options.shell == "bash"  ? bash_completion
                      : options.shell == "zsh" ? zsh_completion
                                               : fish_completion;
  console.out << script(*options.program);
  return ExitCode::ok;
}

}  // namespace

void add_completion(CLI::App& program, Invocation& invocation) {
  CLI::App& app = *program.add_subcommand("completion", "Print a script that completes commands in a shell");
  auto options = std::make_shared<CompletionOptions>();
  options->program = &program;
  app.add_option("SHELL", options->shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->option_text(" ");
  runs(app, invocation, std::move(options), completion);
}

}  // namespace fermo::commands
