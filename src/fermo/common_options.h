#pragma once

#include <filesystem>
#include <string>

#include <CLI/App.hpp>

#include "config/config.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"

namespace fermo::commands {

/// The options that every command takes.
struct CommonOptions {
  std::string data;    ///< Empty: what the configuration says.
  std::string config;  ///< Empty: $FERMO_CONFIG, then /etc/fermo/fermo.toml if there is one, then none.
  bool json = false;

  void add_config_to(CLI::App& app);
  /// --config and --data.
  void add_places_to(CLI::App& app);
  /// --config, --data and --json.
  void add_to(CLI::App& app);
};

/// Where the configuration comes from; empty when there is none, and the defaults hold.
std::filesystem::path config_path(const CommonOptions& options);

/// The text of the configuration at `path`; what is wrong with the file itself is printed.
Outcome<std::string> read_config_file(const std::filesystem::path& path, const Console& console);

/// What one problem looks like to a person: FILE:LINE: MESSAGE.
std::string problem_text(const std::filesystem::path& path, const config::Problem& problem);

/// The configuration with `--data` in its place, not yet completed. Every problem is printed.
Outcome<config::Config> parse_config(const CommonOptions& options, const Console& console);

/// For commands that do not serve: completed, but what only matters to a server (certificates) is not held against it.
Outcome<config::Config> load_config(const CommonOptions& options, const Console& console);

}  // namespace fermo::commands
