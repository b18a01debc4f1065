#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/config.h"
#include "fermo/commands.h"
#include "fermo/common_options.h"
#include "fermo/json.h"

namespace fermo::commands {
namespace {

struct CheckConfigOptions {
  CommonOptions common;
  bool effective = false;
};

struct Checked {
  std::filesystem::path path;  ///< Empty: there is no configuration, the defaults hold.
  config::Config config;
  std::vector<config::Problem> problems;
};

Outcome<Checked> check(const CheckConfigOptions& options, const Console& console) {
  Checked checked;
  checked.path = config_path(options.common);
  if (!checked.path.empty()) {
    const auto text = read_config_file(checked.path, console);
    if (!text) return text.error();
    auto parsed = config::parse(*text);
    checked.config = std::move(parsed.config);
    checked.problems = std::move(parsed.problems);
  }
  if (!options.common.data.empty()) checked.config.data = options.common.data;
  // What only the system can tell is asked of a configuration that is right in itself: of half a one it would be
  // misleading.
  if (checked.problems.empty()) checked.problems = config::complete(checked.config);
  return checked;
}

void print_for_people(const Checked& checked, const CheckConfigOptions& options, std::ostream& out) {
  for (const auto& problem : checked.problems) out << problem_text(checked.path, problem) << '\n';
  if (!checked.problems.empty()) return;
  if (options.effective) {
    out << config::describe(checked.config);
  } else if (checked.path.empty()) {
    out << "there is no configuration; the defaults hold\n";
  } else {
    out << checked.path.string() << ": all right\n";
  }
}

void print_for_programs(const Checked& checked, const CheckConfigOptions& options, std::ostream& out) {
  auto problems = nlohmann::json::array();
  for (const auto& problem : checked.problems) {
    problems.push_back({{"line", nullptr}, {"message", problem.message}});
    if (problem.line) problems.back()["line"] = *problem.line;
  }
  nlohmann::json result{{"file", nullptr}, {"problems", std::move(problems)}};
  if (!checked.path.empty()) result["file"] = checked.path.string();
  if (options.effective && checked.problems.empty()) result["effective"] = config::describe(checked.config);
  print_json(out, result);
}

ExitCode check_config(const CheckConfigOptions& options, const Console& console) {
  const auto checked = check(options, console);
  if (!checked) return checked.error();
  const auto print = options.common.json ? print_for_programs : print_for_people;
  print(*checked, options, console.out);
  return checked->problems.empty() ? ExitCode::ok : ExitCode::configuration;
}

}  // namespace

void add_check_config(CLI::App& program, Invocation& invocation) {
  CLI::App& app = *program.add_subcommand("check-config", "Say everything that is wrong with the configuration");
  auto options = std::make_shared<CheckConfigOptions>();
  app.add_flag("--effective", options->effective, "Print the whole configuration with its defaults");
  options->common.add_to(app);
  runs(app, invocation, std::move(options), check_config);
}

}  // namespace fermo::commands
