#pragma once

#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "fermo/accounts_file.h"
#include "fermo/commands.h"
#include "fetch_accounts/account.h"
#include "fetcher/account_runner.h"

/// The commands below `fermo account`, and what they share.
namespace fermo::commands {

void add_account_add(CLI::App& account, Invocation& invocation);
void add_account_list(CLI::App& account, Invocation& invocation);
void add_account_test(CLI::App& account, Invocation& invocation);
void add_account_remove(CLI::App& account, Invocation& invocation);
void add_account_edit(CLI::App& account, Invocation& invocation);
void add_account_import(CLI::App& account, Invocation& invocation);
void add_account_import_state(CLI::App& account, Invocation& invocation);

/// --accounts FILE.
void add_accounts_option(CLI::App& app, std::string& accounts);

/// One account of the file; what is wrong, also that there is none of this name, is printed.
Outcome<fetch_accounts::Account> load_account(const std::filesystem::path& path, const std::string& name,
                                              const Console& console);

/// The same; without a name, the only one of the file.
Outcome<fetch_accounts::Account> load_only_account(const std::filesystem::path& path, const std::string& name,
                                                   const Console& console);

ExitCode complain_of_no_account(const std::string& name, const std::vector<fetch_accounts::Account>& accounts,
                                const std::filesystem::path& path, const Console& console);

}  // namespace fermo::commands
