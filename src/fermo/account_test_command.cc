#include <algorithm>
#include <array>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "fermo/account_commands.h"
#include "fermo/account_settings.h"
#include "fermo/fetch_progress.h"
#include "fermo/fetch_summary.h"
#include "fermo/json.h"
#include "fermo/table.h"
#include "fetch/number_text.h"
#include "fetch_accounts/providers.h"
#include "fetcher/account_probe.h"

namespace fermo::commands {
namespace {

using fetch_accounts::Account;
using fetcher::Probe;
using fetcher::Verdict;
using CertificateKind = runtime::CertificateProblem::Kind;

struct TestOptions {
  std::string accounts;
  std::string name;
  bool json = false;
};

// --- What to do ------------------------------------------------------------------------------------------------------

const fetch_accounts::Provider* provider_of(const Account& account) {
  const auto* const provider = fetch_accounts::provider_of_server(account.server.host);
  return provider != nullptr ? provider : fetch_accounts::provider_of_address(account.address);
}

std::string advice_on_certificate(const runtime::CertificateProblem& problem, const Account& account,
                                  const std::string& otherwise) {
  const bool unknown = problem.kind == CertificateKind::self_signed || problem.kind == CertificateKind::unknown_issuer;
  if (!unknown || !problem.key) return otherwise;
  return "if it is your own server, compare the fingerprint with the one that its operator sees, then: fermo account "
         "edit " +
         account.name + " pins=" + runtime::text_of(*problem.key) +
         "; or ca=FILE with a file that holds this certificate or that of its issuer";
}

std::string advice_on_settings(const Account& account, const std::string& otherwise) {
  if (account.server.tls != fetch::TlsMode::plaintext) return otherwise;
  return "try pop3s:// or pop3+stls://: fermo account edit " + account.name + " server=pop3s://" + account.server.host;
}

/// The report's own, made more precise by what is known here.
std::string advice_for(const Probe& probe, const Account& account) {
  const fetcher::Report& report = probe.report;
  if (probe.certificate) return advice_on_certificate(*probe.certificate, account, report.advice);
  if (report.verdict == Verdict::settings) return advice_on_settings(account, report.advice);
  if (report.verdict != Verdict::login_refused) return report.advice;
  const auto* const provider = provider_of(account);
  if (account.token) {
    return "the token may have expired or lack the scope for POP3; run what makes it by hand and look at it";
  }
  return fetch_accounts::after_refused_login(report.problem, provider);
}

// --- What it has shown -----------------------------------------------------------------------------------------------

std::vector<std::string> words_of(const pop3::client::Capabilities& capabilities) {
  std::vector<std::string> words;
  const auto add = [&words](bool there, const char* word) {
    if (there) words.emplace_back(word);
  };
  add(capabilities.top, "TOP");
  add(capabilities.uidl, "UIDL");
  add(capabilities.user, "USER");
  add(capabilities.pipelining, "PIPELINING");
  add(capabilities.resp_codes, "RESP-CODES");
  add(capabilities.auth_resp_code, "AUTH-RESP-CODE");
  add(capabilities.utf8, "UTF8");
  std::string sasl;
  for (const std::string& mechanism : capabilities.sasl) sasl += " " + mechanism;
  if (!sasl.empty()) words.push_back("SASL" + sasl);
  if (capabilities.login_delay) words.push_back("LOGIN-DELAY " + std::to_string(capabilities.login_delay->count()));
  if (capabilities.expire_never) words.emplace_back("EXPIRE NEVER");
  if (capabilities.expire_days) words.push_back("EXPIRE " + std::to_string(*capabilities.expire_days));
  if (!capabilities.implementation.empty()) words.push_back("IMPLEMENTATION " + capabilities.implementation);
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void print_line(std::ostream& out, const char* heading, const std::string& text) {
  constexpr std::size_t width = 15;
  std::string padded = std::string("  ") + heading + ":";
  padded.resize(std::max(padded.size() + 1, width), ' ');
  out << padded << printable(text) << '\n';
}

void print_success(const Probe& probe, const Account& account, const Console& console) {
  std::ostream& out = console.out;
  out << printable(account.name) << ": logged in to " << printable(fetch::text_of(account.server)) << '\n';
  print_line(out, "TLS",
             probe.report.tls.empty() ? "none: password and mail can be read on the way" : probe.report.tls);
  print_line(out, "login", probe.method);
  print_line(out, "server can", probe.capabilities.known ? joined(words_of(probe.capabilities)) : "it does not say");
  print_line(out, "messages",
             fetch::with_separators(probe.drop->messages) + " (" + human_octets(probe.drop->octets) + ")");
  const auto* const provider = provider_of(account);
  const bool too_often = provider != nullptr && account.interval && *account.interval < provider->interval_min;
  if (too_often) {
    console.complain(std::string(provider->name) + " wants " + std::to_string(provider->interval_min.count()) +
                     " seconds between two logins; fermo account edit " + account.name +
                     " interval_seconds=" + std::to_string(provider->interval_min.count()));
  }
  if (probe.capabilities.known && !probe.capabilities.uidl) {
    console.complain("this server has no unique-ids: messages are known by their header fields or content");
  }
}

void print_failure(const Probe& probe, const Account& account, const Console& console) {
  console.complain(printable(account.name) + ": " + printable(probe.report.problem));
  if (probe.certificate) {
    const auto& facts = probe.certificate->facts;
    print_line(console.err, "for", facts.names);
    print_line(console.err, "issued by", facts.issuer);
    print_line(console.err, "valid", "from " + facts.not_before + " to " + facts.not_after);
    print_line(console.err, "SHA-256", facts.fingerprint);
    if (probe.certificate->key) print_line(console.err, "pin", runtime::text_of(*probe.certificate->key));
  }
  const auto advice = advice_for(probe, account);
  if (!advice.empty()) console.complain(printable(advice));
}

void print_for_programs(const Probe& probe, const Account& account, const Console& console) {
  const auto& report = probe.report;
  nlohmann::json value = {{"account", account.name},
                          {"verdict", fetcher::code(report.verdict)},
                          {"exit_code", static_cast<int>(exit_code_of(report.verdict))},
                          {"problem", report.problem},
                          {"advice", advice_for(probe, account)},
                          {"tls", report.tls},
                          {"login", probe.method},
                          {"capabilities", words_of(probe.capabilities)}};
  if (probe.drop) {
    value["messages"] = probe.drop->messages;
    value["octets"] = probe.drop->octets.value;
  }
  if (probe.certificate) {
    const auto& facts = probe.certificate->facts;
    value["certificate"] = {{"names", facts.names},
                            {"issuer", facts.issuer},
                            {"not_before", facts.not_before},
                            {"not_after", facts.not_after},
                            {"sha256", facts.fingerprint}};
    if (probe.certificate->key) value["certificate"]["pin"] = runtime::text_of(*probe.certificate->key);
  }
  print_json(console.out, value);
}

ExitCode test(const TestOptions& options, const Console& console) {
  const auto account = load_only_account(accounts_path(options.accounts), options.name, console);
  if (!account) return account.error();
  const auto settings = settings_of(*account, {}, console);
  if (!settings) return settings.error();
  const Probe probe = fetcher::probe_account(*settings);
  if (options.json) {
    print_for_programs(probe, *account, console);
  } else if (probe.report.verdict == Verdict::done) {
    print_success(probe, *account, console);
  } else {
    print_failure(probe, *account, console);
  }
  return exit_code_of(probe.report.verdict);
}

}  // namespace

void add_account_test(CLI::App& account, Invocation& invocation) {
  CLI::App& app = *account.add_subcommand("test", "Log in, and say what is wrong and what to do about it");
  auto options = std::make_shared<TestOptions>();
  app.add_option("NAME", options->name, "The account; may be left out when there is only one")->option_text(" ");
  add_accounts_option(app, options->accounts);
  app.add_flag("--json", options->json, "Print JSON for programs");
  runs(app, invocation, std::move(options), test);
}

}  // namespace fermo::commands
