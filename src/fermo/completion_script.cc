#include "fermo/completion_script.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

namespace fermo::commands {
namespace {

/// One command of the tree, with what may follow its name.
struct Command {
  std::string path;  ///< The names from the program's own on: "fermo user add".
  std::vector<const CLI::App*> subcommands;
  std::vector<const CLI::Option*> options;  ///< That have a long name.
};

void collect(const CLI::App& app, const std::string& path, std::vector<Command>& commands) {
  Command command{path, app.get_subcommands([](const CLI::App*) { return true; }), {}};
  for (const CLI::Option* const option : app.get_options()) {
    if (!option->get_lnames().empty()) command.options.push_back(option);
  }
  commands.push_back(command);
  for (const CLI::App* const subcommand : command.subcommands) {
    collect(*subcommand, path + " " + subcommand->get_name(), commands);
  }
}

std::vector<Command> all_commands(const CLI::App& program) {
  std::vector<Command> commands;
  collect(program, program.get_name(), commands);
  return commands;
}

std::string long_name(const CLI::Option& option) {
  return "--" + option.get_lnames().front();
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

enum class Value { folder, file, other };

Value value_of(const CLI::Option& option) {
  if (option.get_type_name() == "DIR") return Value::folder;
  if (option.get_type_name() == "FILE") return Value::file;
  return Value::other;
}

/// Every option of every command that takes such a value, each name once.
std::vector<std::string> names_with(const std::vector<Command>& commands, Value value) {
  std::vector<std::string> names;
  for (const auto& command : commands) {
    for (const CLI::Option* const option : command.options) {
      const auto name = long_name(*option);
      if (takes_value(*option) && value_of(*option) == value && std::ranges::find(names, name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  return names;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const auto& word : words) text.append(text.empty() ? "" : separator).append(word);
  return text;
}

std::vector<std::string> words_after(const Command& command) {
  std::vector<std::string> words;
  for (const CLI::App* const subcommand : command.subcommands) words.push_back(subcommand->get_name());
  for (const CLI::Option* const option : command.options) words.push_back(long_name(*option));
  return words;
}

std::vector<std::string> group_paths(const std::vector<Command>& commands) {
  std::vector<std::string> paths;
  for (const auto& command : commands) {
    if (!command.subcommands.empty()) paths.push_back("\"" + command.path + "\"");
  }
  return paths;
}

/// In single quotes for any of the three shells.
std::string in_single_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

/// Inside the brackets of an argument of zsh's _arguments.
std::string bracketed(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view("[]:\\").find(c) != std::string_view::npos) result.push_back('\\');
    result.push_back(c);
  }
  return result;
}

void zsh_arguments(std::ostream& out, const Command& command) {
  for (const CLI::Option* const option : command.options) {
    std::string argument = long_name(*option) + "[" + bracketed(option->get_description()) + "]";
    if (takes_value(*option)) {
      const Value value = value_of(*option);
      const char* const action = value == Value::folder ? "_files -/" : value == Value::file ? "_files" : "";
      argument += ":" + bracketed(option->get_type_name()) + ":" + action;
    }
    out << " \\\n        " << in_single_quotes(argument);
  }
}

std::string zsh_function(std::string path) {
  for (char& c : path) {
    if (c == ' ') c = '_';
  }
  return "_" + path;
}

void zsh_group(std::ostream& out, const Command& command) {
  out << zsh_function(command.path) << "() {\n    local state line\n    _arguments -C";
  zsh_arguments(out, command);
  out << " \\\n        '1: :->command' '*:: :->rest'\n    case $state in\n    command)\n        local -a commands=(\n";
  for (const CLI::App* const subcommand : command.subcommands) {
    out << "            " << in_single_quotes(subcommand->get_name() + ":" + subcommand->get_description()) << '\n';
  }
  out << "        )\n        _describe command commands ;;\n    rest)\n        case $line[1] in\n";
  for (const CLI::App* const subcommand : command.subcommands) {
    out << "        " << subcommand->get_name() << ") " << zsh_function(command.path + " " + subcommand->get_name())
        << " ;;\n";
  }
  out << "        esac ;;\n    esac\n}\n\n";
}

void zsh_leaf(std::ostream& out, const Command& command) {
  out << zsh_function(command.path) << "() {\n    _arguments";
  zsh_arguments(out, command);
  out << " \\\n        '*: :'\n}\n\n";
}

}  // namespace

std::string bash_completion(const CLI::App& program) {
  const auto commands = all_commands(program);
  std::ostringstream out;
  out << "# Completes the commands of fermo in bash. Made by: fermo completion bash\n_fermo() {\n"
         "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path=fermo word\n"
         "    COMPREPLY=()\n"
         "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "        case \"$path\" in\n        "
      << joined(group_paths(commands), "|") << ") [[ $word == -* ]] || path+=\" $word\" ;;\n        esac\n    done\n";
  const auto case_of = [&](Value value, std::string_view completion) {
    const auto names = names_with(commands, value);
    if (!names.empty()) out << "    " << joined(names, "|") << ") " << completion << "; return ;;\n";
  };
  out << "    case \"$previous\" in\n";
  case_of(Value::folder, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$current\")");
  case_of(Value::file, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$current\")");
  case_of(Value::other, ":");
  out << "    esac\n    local words=\n    case \"$path\" in\n";
  for (const auto& command : commands) {
    out << "    \"" << command.path << "\") words=" << in_single_quotes(joined(words_after(command), " ")) << " ;;\n";
  }
  out << "    esac\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n}\n"
         "complete -F _fermo fermo\n";
  return out.str();
}

std::string zsh_completion(const CLI::App& program) {
  std::ostringstream out;
  out << "#compdef fermo\n# Completes the commands of fermo in zsh. Made by: fermo completion zsh\n\n";
  for (const auto& command : all_commands(program)) {
    command.subcommands.empty() ? zsh_leaf(out, command) : zsh_group(out, command);
  }
  out << "if [ \"$funcstack[1]\" = _fermo ]; then\n    _fermo \"$@\"\nelse\n    compdef _fermo fermo\nfi\n";
  return out.str();
}

std::string fish_completion(const CLI::App& program) {
  std::ostringstream out;
  out << "# Completes the commands of fermo in fish. Made by: fermo completion fish\n"
         "function __fermo_at\n"
         "    set -l words (string match -v -- '-*' (commandline -opc))\n"
         "    set -l path (string split ' ' -- $argv[1])\n"
         "    test (count $words) -ge (count $path); or return 1\n"
         "    set -l head $words[1..(count $path)]\n"
         "    test \"$head\" = \"$argv[1]\"; or return 1\n"
         "    test \"$argv[2]\" != exactly; or test (count $words) -eq (count $path)\n"
         "end\n"
         "complete -c fermo -f\n";
  for (const auto& command : all_commands(program)) {
    for (const CLI::App* const subcommand : command.subcommands) {
      out << "complete -c fermo -n \"__fermo_at '" << command.path << "' exactly\" -a " << subcommand->get_name()
          << " -d " << in_single_quotes(subcommand->get_description()) << '\n';
    }
    for (const CLI::Option* const option : command.options) {
      const bool group = !command.subcommands.empty();
      out << "complete -c fermo -n \"__fermo_at '" << command.path << "'" << (group ? " exactly" : "") << "\" -l "
          << option->get_lnames().front();
      if (takes_value(*option)) out << (value_of(*option) == Value::other ? " -x" : " -r -F");
      out << " -d " << in_single_quotes(option->get_description()) << '\n';
    }
  }
  return out.str();
}

}  // namespace fermo::commands
