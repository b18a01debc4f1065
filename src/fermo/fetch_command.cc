#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "fermo/commands.h"
#include "fermo/fetch_commands.h"
#include "fermo/fetch_progress.h"
#include "fermo/fetch_secret.h"
#include "fermo/fetch_state.h"
#include "fermo/fetch_summary.h"
#include "fermo/fetch_target.h"
#include "fermo/table.h"
#include "fermo/user_folders.h"
#include "fetch/memory_ledger.h"
#include "fetch/policy_text.h"
#include "fetcher/account_runner.h"
#include "fetcher/run_together.h"
#include "fetcher/server_address.h"
#include "fetcher/sqlite_ledger.h"
#include "runtime/tls_client_context.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;

struct FetchOptions {
  std::string server;
  std::string user;
  SecretOptions secret;
  bool token = false;
  std::string target;
  std::string mode;
  std::string state;
  std::string authorities;
  std::vector<std::string> pins;
  std::uint64_t timeout_seconds = 0;
  std::uint64_t octets_max = 0;
  bool plaintext = false;
  bool dry_run = false;
  bool json = false;
};

// --- The command line ------------------------------------------------------------------------------------------------

Outcome<fetcher::ServerAddress> server_of(const FetchOptions& options, const Console& console) {
  auto server = fetcher::parse_server(options.server);
  if (!server) {
    console.complain("--server: " + printable(server.problem()));
    return ExitCode::usage;
  }
  if (server->tls == pop3::client::Tls::none && !options.plaintext) {
    console.complain(
        "pop3:// would send password and mail in the clear; use pop3s:// or pop3+stls://, or wish for it "
        "with --allow-plaintext");
    return ExitCode::usage;
  }
  return std::move(*server);
}

Outcome<fetch::Policy> policy_of(const FetchOptions& options, const Console& console) {
  fetch::Policy policy;
  // Nothing tells here yet which of the delivered messages are still where they were delivered.
  if (!fetch::read_mode(options.mode, policy) || policy.mode == fetch::Mode::mirror) {
    console.complain("--mode " + printable(options.mode) + ": write delete, keep, keep-days=N or keep-newest=N");
    return ExitCode::usage;
  }
  if (options.octets_max > 0) policy.whole_octets_max = Octets{options.octets_max};
  return policy;
}

Outcome<std::shared_ptr<const runtime::TlsClientContext>> tls_of(const FetchOptions& options, const Console& console) {
  runtime::TlsTrust trust;
  trust.authorities = options.authorities;
  for (const auto& text : options.pins) {
    const auto pin = runtime::parse_pin(text);
    if (!pin) {
      console.complain("--pin " + printable(text) +
                       ": not the SHA-256 of a public key; write sha256//BASE64 or 64 hexadecimal digits");
      return ExitCode::usage;
    }
    trust.pins.push_back(*pin);
  }
  auto context = runtime::TlsClientContext::load(std::move(trust), "pop3");
  if (context) return std::move(*context);
  console.complain(context.problem());
  return ExitCode::configuration;
}

// --- What is remembered ----------------------------------------------------------------------------------------------

Outcome<std::unique_ptr<fetch::Ledger>> open_ledger(const FetchOptions& options, const fs::path& folder,
                                                    const std::string& account, const Console& console) {
  const fs::path path = ledger_path(folder);
  std::error_code ignored;
  if (options.dry_run && !fs::exists(path, ignored)) {
    return std::unique_ptr<fetch::Ledger>(std::make_unique<fetch::MemoryLedger>());
  }
  const auto access = options.dry_run ? fetcher::Access::read_only : fetcher::Access::exclusive;
  auto ledger = fetcher::SqliteLedger::open(path, account, access);
  if (!ledger) return complain_of_ledger(ledger.error(), path, account, console);
  return std::unique_ptr<fetch::Ledger>(std::move(*ledger));
}

/// In the place of a target where nothing is delivered.
class NoTarget final : public fetch::Target {
 public:
  Result<fetch::Presence> find(std::string_view) override { return fetch::Presence::unknown; }
  Result<void> begin(const fetch::Incoming&) override { return fetch::Error::misused; }
  Result<void> append(std::string_view) override { return fetch::Error::misused; }
  Result<void> end() override { return fetch::Error::misused; }
  void abandon() override {}
  Result<void> commit() override { return fetch::Error::misused; }
  Result<std::string> mark() override { return std::string(); }
};

Outcome<std::unique_ptr<fetch::Target>> open_target_of(const FetchOptions& options, const TargetName& name,
                                                       const fs::path& folder, fetch::Ledger& ledger,
                                                       const Clock& clock, const Console& console) {
  if (options.dry_run) return std::unique_ptr<fetch::Target>(std::make_unique<NoTarget>());
  const auto state = ledger.state();
  if (!state) {
    console.complain("the ledger in " + folder.string() + " cannot be read: " + state.error().message());
    return ExitCode::io_error;
  }
  return open_target(name, folder, *state, clock, console);
}

// --- The fetch -------------------------------------------------------------------------------------------------------

FetchProgress::Style style_of(const FetchOptions& options) {
  if (options.json || options.dry_run) return FetchProgress::Style::silent;
  return ::isatty(STDERR_FILENO) == 1 ? FetchProgress::Style::bar : FetchProgress::Style::lines;
}

ExitCode fetch_with(fetcher::AccountSettings settings, fetch::Target& target, fetch::Ledger& ledger, const Clock& clock,
                    const FetchOptions& options, const Console& console) {
  const auto begun = std::chrono::steady_clock::now();
  const std::string account = printable(settings.account);
  const auto complain = [&console](std::string_view what) { console.complain(what); };
  FetchProgress progress(console.err, style_of(options));
  std::vector<fetcher::Job> jobs;
  jobs.push_back({std::move(settings), target, ledger, progress});
  const std::vector<fetcher::Report> reports = fetcher::run_together(std::move(jobs), clock, complain);
  progress.finish();
  const FetchSummary summary{account, reports.front(), options.dry_run ? &progress.plan() : nullptr,
                             std::chrono::steady_clock::now() - begun};
  options.json ? print_for_programs(summary, console) : print_for_people(summary, console);
  return exit_code_of(reports.front().verdict);
}

/// They are not the command line's to demand: fermo fetch explain goes without.
ExitCode require_all(const FetchOptions& options, const Console& console) {
  for (const auto& [name, value] : {std::pair("--server", &options.server), std::pair("--user", &options.user),
                                    std::pair("--to", &options.target), std::pair("--mode", &options.mode)}) {
    if (!value->empty()) continue;
    console.complain(std::string(name) + " is required; see fermo fetch --help");
    return ExitCode::usage;
  }
  return ExitCode::ok;
}

ExitCode fetch(const FetchOptions& options, const Console& console) {
  if (const ExitCode lacking = require_all(options, console); lacking != ExitCode::ok) return lacking;
  const auto server = server_of(options, console);
  if (!server) return server.error();
  const auto policy = policy_of(options, console);
  if (!policy) return policy.error();
  const auto name = parse_target(options.target, console);
  if (!name) return name.error();
  const auto tls = tls_of(options, console);
  if (!tls) return tls.error();
  const std::string account = fetcher::account_name(options.user, *server);
  auto secret = read_secret(options.secret.source_for(options.user, server->host),
                            "Password of " + printable(account) + ": ", console);
  if (!secret) return secret.error();
  const auto folder = state_folder(options.state, console);
  if (!folder) return folder.error();
  if (!options.dry_run) {
    if (const auto made = make_private_folder(*folder, console); !made) return made.error();
  }
  const auto ledger = open_ledger(options, *folder, account, console);
  if (!ledger) return ledger.error();
  const SystemClock clock;
  const auto target = open_target_of(options, *name, *folder, **ledger, clock, console);
  if (!target) return target.error();

  fetcher::AccountSettings settings;
  settings.server = *server;
  settings.account = account;
  settings.user = options.user;
  settings.secret = std::move(*secret);
  if (options.token) settings.kind = pop3::client::CredentialKind::token;
  settings.plaintext_logins = options.plaintext;
  settings.tls = *tls;
  settings.policy = *policy;
  if (options.timeout_seconds > 0) settings.time_max = std::chrono::seconds(options.timeout_seconds);
  settings.dry_run = options.dry_run;
  if (name->forgets()) settings.batch_messages_max = 1;
  return fetch_with(std::move(settings), **target, **ledger, clock, options, console);
}

void add_connection_options(CLI::App& app, FetchOptions& options) {
  app.add_option("--server", options.server, "pop3s://HOST[:PORT], pop3+stls://HOST[:PORT] or pop3://HOST[:PORT]")
      ->type_name("URL");
  app.add_option("--user", options.user, "Whom to log in as")->type_name("NAME");
  options.secret.add_to(app);
  app.add_flag("--token", options.token, "The password is an OAuth access token");
  app.add_option("--ca", options.authorities, "PEM file of the certificates to trust in place of the system's")
      ->type_name("FILE");
  app.add_option("--pin", options.pins, "SHA-256 of the server's public key: sha256//BASE64; may be repeated")
      ->type_name("PIN")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--timeout", options.timeout_seconds, "How long to wait for the server (default: 120)")
      ->type_name("SECONDS")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{86'400}));
  app.add_flag("--allow-plaintext", options.plaintext, "Take pop3:// and send the password without TLS");
}

}  // namespace

void add_fetch(CLI::App& program, Invocation& invocation) {
  CLI::App& app = *program.add_subcommand("fetch", "Fetch mail from a POP3 server, each message exactly once");
  auto options = std::make_shared<FetchOptions>();
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  add_connection_options(app, *options);
  app.add_option("--to", options->target, "maildir:DIR, mbox:FILE or command:PROGRAM")->type_name("TARGET");
  app.add_option("--mode", options->mode,
                 "What becomes of fetched mail on the server: delete, keep, keep-days=N or keep-newest=N")
      ->type_name("MODE");
  app.add_option("--limit-octets", options->octets_max, "Of longer messages fetch the head and 20 lines only")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app.add_option("--state", options->state, "Folder of what is remembered (default: $XDG_STATE_HOME/fermo)")
      ->type_name("DIR");
  app.add_flag("--dry-run", options->dry_run, "Say for each message what would be done, and do nothing");
  app.add_flag("--json", options->json, "Print JSON for programs");
  runs(app, invocation, std::move(options), fetch);
  add_fetch_explain(app, invocation);
}

}  // namespace fermo::commands
