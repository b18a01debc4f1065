#include "fermo/program.h"

#include <exception>
#include <ostream>
#include <string>

#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>

#include "fermo/roles.h"

namespace fermo::commands {
namespace {

/// The command that was being read when the line turned out wrong: `fermo user add`.
std::string command_path(const CLI::App& program) {
  std::string path = program.get_name();
  const CLI::App* app = &program;
  while (true) {
    const auto chosen = app->get_subcommands();
    if (chosen.empty()) return path;
    app = chosen.front();
    path += " " + app->get_name();
  }
}

ExitCode explain(const CLI::App& program, const CLI::ParseError& error, const Console& console) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {  // --help, --version
    program.exit(error, console.out, console.err);
    return ExitCode::ok;
  }
  console.complain(std::string(error.what()) + "; see " + command_path(program) + " --help");
  return ExitCode::usage;
}

ExitCode parse_and_run(int argc, const char* const* argv, Console& console) {
  Invocation invocation{console, {}};
  const auto program = make_program(invocation);
  try {
    program->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(*program, error, console);
  }
  const ExitCode code = invocation.chosen();
  if (!console.out.flush()) {
    console.complain("cannot write to standard output");
    return code == ExitCode::ok ? ExitCode::io_error : code;
  }
  return code;
}

}  // namespace

std::unique_ptr<CLI::App> make_program(Invocation& invocation) {
  auto program = std::make_unique<CLI::App>("Holds people's mail until they come for it", "fermo");
  program->set_version_flag("--version", "fermo " FERMO_VERSION, "Print the version and exit");
  program->require_subcommand(1);
  program->get_formatter()->column_width(36);
  add_serve(*program, invocation);
  add_user(*program, invocation);
  add_deliver(*program, invocation);
  add_drop(*program, invocation);
  add_backup(*program, invocation);
  add_restore(*program, invocation);
  add_fetch(*program, invocation);
  add_account(*program, invocation);
  add_check_config(*program, invocation);
  add_doctor(*program, invocation);
  add_completion(*program, invocation);
  return program;
}

ExitCode run_program(int argc, const char* const* argv, Console console) {
  try {
    if (const auto code = run_role(argc, argv, console)) return *code;
    return parse_and_run(argc, argv, console);
  } catch (const std::bad_alloc&) {
    console.complain("not enough memory");
    return ExitCode::temporary_failure;
  } catch (const std::exception& error) {
    console.complain(std::string("unexpected failure: ") + error.what());
    return ExitCode::software;
  }
}

}  // namespace fermo::commands
