#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch/ledger.h"

namespace fermo::commands {

/// The options and words by which a command names an account that was fetched and messages of it.
struct LedgerOptions {
  std::vector<std::string> words;  ///< The account, unless --server names it, and messages.
  std::string server;
  std::string user;
  std::string accounts;
  std::string state;

  void add_to(CLI::App& app, const std::string& help_of_words);
};

/// An account of which anything is recorded.
struct KnownAccount {
  std::string name;
  std::filesystem::path ledger;
};

struct LedgerChoice {
  std::filesystem::path state;
  std::vector<KnownAccount> known;  ///< Every one, sorted by name; where one was named, that one alone.
  bool is_named = false;
  std::vector<std::string> messages;  ///< As they were named.
};

/// An account goes by its name in the file of accounts, or by the one in its ledger. At least one is known. What is
/// wrong is printed.
Outcome<LedgerChoice> choose(const LedgerOptions& options, const Console& console);

/// By unique-id, or else by position; nullptr when there is none.
const fetch::Record* find_record(const std::vector<fetch::Record>& records, const std::string& text);
/// Says that there is none.
ExitCode complain_of_message(const std::string& text, const std::string& account, const Console& console);

}  // namespace fermo::commands
