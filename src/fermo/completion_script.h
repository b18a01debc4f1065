#pragma once

#include <string>

#include <CLI/App.hpp>

namespace fermo::commands {

/// Scripts that complete the commands and options of `program` in a shell, made from the tree itself.
std::string bash_completion(const CLI::App& program);
std::string zsh_completion(const CLI::App& program);
std::string fish_completion(const CLI::App& program);

}  // namespace fermo::commands
