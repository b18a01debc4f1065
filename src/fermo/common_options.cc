#include "fermo/common_options.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/limits.h"

namespace fermo::commands {
namespace {

constexpr const char* system_config = "/etc/fermo/fermo.toml";

}  // namespace

void CommonOptions::add_config_to(CLI::App& app) {
  app.add_option("--config", config,
                 "Configuration file (default: $FERMO_CONFIG, else /etc/fermo/fermo.toml if it exists)")
      ->type_name("FILE");
}

void CommonOptions::add_places_to(CLI::App& app) {
  app.add_option("--data", data, "Folder of the store and the users (default: what the configuration says, else ./var)")
      ->type_name("DIR");
  add_config_to(app);
}

void CommonOptions::add_to(CLI::App& app) {
  add_places_to(app);
  app.add_flag("--json", json, "Print JSON for programs");
}

std::filesystem::path config_path(const CommonOptions& options) {
  if (!options.config.empty()) return options.config;
  if (const char* const named = std::getenv("FERMO_CONFIG"); named != nullptr && *named != '\0') return named;
  std::error_code ignored;
  if (std::filesystem::exists(system_config, ignored)) return system_config;
  return {};
}

Outcome<std::string> read_config_file(const std::filesystem::path& path, const Console& console) {
  const auto complain = [&](const std::string& why) {
    console.complain("cannot read the configuration " + path.string() + ": " + why);
    return ExitCode::no_input;
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return complain("it is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return complain(std::strerror(errno));
  std::string text(limits::config_octets_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return complain(std::strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > limits::config_octets_max) {
    return complain("it is longer than " + std::to_string(limits::config_octets_max) + " octets");
  }
  return text;
}

std::string problem_text(const std::filesystem::path& path, const config::Problem& problem) {
  std::string text = path.empty() ? std::string() : path.string();
  if (problem.line) text += ":" + std::to_string(*problem.line);
  return text.empty() ? problem.message : text + ": " + problem.message;
}

Outcome<config::Config> parse_config(const CommonOptions& options, const Console& console) {
  const auto path = config_path(options);
  config::Config config;
  if (!path.empty()) {
    const auto text = read_config_file(path, console);
    if (!text) return text.error();
    auto parsed = config::parse(*text);
    for (const auto& problem : parsed.problems) console.complain(problem_text(path, problem));
    if (!parsed.problems.empty()) return ExitCode::configuration;
    config = std::move(parsed.config);
  }
  if (!options.data.empty()) config.data = options.data;
  return config;
}

Outcome<config::Config> load_config(const CommonOptions& options, const Console& console) {
  auto config = parse_config(options, console);
  if (config) (void)config::complete(*config);
  return config;
}

}  // namespace fermo::commands
