#include "fermo/fetch_summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "fermo/fetch_progress.h"
#include "fetch/number_text.h"
#include "fetch/reason.h"

namespace fermo::commands {
namespace {

using fetcher::Report;
using fetcher::Verdict;

std::string counted(std::uint64_t number) {
  return fetch::counted(number, "message");
}

std::string_view code(fetch::Retrieval retrieval) {
  switch (retrieval) {
    case fetch::Retrieval::none:
      return "none";
    case fetch::Retrieval::head:
      return "head";
    case fetch::Retrieval::whole:
      break;
  }
  return "whole";
}

std::string_view code(fetch::Removal removal) {
  switch (removal) {
    case fetch::Removal::no:
      return "no";
    case fetch::Removal::now:
      return "now";
    case fetch::Removal::once_delivered:
      break;
  }
  return "once-delivered";
}

nlohmann::json json_of(const std::vector<fetch::Decision>& plan) {
  auto decisions = nlohmann::json::array();
  for (const auto& one : plan) {
    decisions.push_back({{"number", one.number.value()},
                         {"octets", one.octets.value},
                         {"key", one.key},
                         {"retrieve", code(one.retrieval)},
                         {"delete", code(one.removal)},
                         {"reason", fetch::code(one.reason)},
                         {"text", fetch::explain(one)}});
  }
  return decisions;
}

}  // namespace

ExitCode exit_code_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::done:
      return ExitCode::ok;
    case Verdict::incomplete:
    case Verdict::stopped:
    case Verdict::network:
    case Verdict::busy:
    case Verdict::in_use:
    case Verdict::target_unreachable:
      return ExitCode::temporary_failure;
    case Verdict::messages_refused:
      return ExitCode::data_error;
    case Verdict::login_refused:
      return ExitCode::no_permission;
    case Verdict::settings:
      return ExitCode::configuration;
    case Verdict::certificate:
    case Verdict::protocol:
      return ExitCode::protocol_error;
    case Verdict::target_misused:
      return ExitCode::cannot_create;
    case Verdict::target_failed:
    case Verdict::ledger_failed:
      return ExitCode::io_error;
    case Verdict::process_lost:
      return ExitCode::software;
  }
  return ExitCode::software;
}

ExitCode exit_code_of(const fetcher::NotBegun& failure) {
  return failure.code == 0 ? ExitCode::software : static_cast<ExitCode>(failure.code);
}

ExitCode exit_code_of(const std::vector<ExitCode>& codes) {
  // From what passes by itself to what is most urgent.
  constexpr std::array order = {ExitCode::ok,
                                ExitCode::temporary_failure,
                                ExitCode::data_error,
                                ExitCode::protocol_error,
                                ExitCode::no_permission,
                                ExitCode::configuration,
                                ExitCode::usage,
                                ExitCode::cannot_create,
                                ExitCode::io_error};
  const auto weight = [&](ExitCode code) { return std::ranges::find(order, code) - order.begin(); };
  const auto worst = std::ranges::max_element(codes, {}, weight);
  return worst == codes.end() ? ExitCode::ok : *worst;
}

std::string outcome_words(const Report& report) {
  if (report.unchanged) return "nothing has changed; the server holds " + counted(report.listed);
  std::string text;
  const auto add = [&text](const std::string& clause) { text.append(text.empty() ? "" : ", ").append(clause); };
  if (report.fetched > 0) add(counted(report.fetched) + " fetched (" + human_octets(report.octets) + ")");
  if (report.heads > 0) add(counted(report.heads) + " fetched in part");
  if (report.found > 0) add(counted(report.found) + " there already from a run that was cut off");
  if (report.fetched + report.heads + report.found == 0) add("nothing new");
  if (report.deleted > 0) add(fetch::with_separators(report.deleted) + " deleted on the server");
  const std::uint64_t left = report.listed - std::min(report.listed, report.deleted);
  if (left > 0) add(counted(left) + " left there");
  return text;
}

std::string problem_words(const Report& report) {
  return report.problem + (report.advice.empty() ? "" : "; " + report.advice);
}

void print_for_people(const FetchSummary& summary, bool quiet, const Console& console) {
  const Report& report = summary.report;
  if (summary.plan) {
    for (const auto& decision : *summary.plan) console.out << fetch::explain(decision) << '\n';
  }
  const auto complain = [&](const std::string& what) { console.complain(summary.account + ": " + what); };
  for (const auto& remark : report.remarks) complain(remark);
  for (const auto& trouble : report.troubles) complain(trouble.what);
  if (!report.problem.empty()) complain(problem_words(report));
  const bool nothing_to_tell = report.verdict != Verdict::done && report.fetched + report.heads + report.deleted == 0;
  if (quiet || summary.plan || nothing_to_tell) return;
  console.out << summary.account << ": " << outcome_words(report) << '\n';
}

nlohmann::json to_json(const FetchSummary& summary) {
  const Report& report = summary.report;
  auto troubles = nlohmann::json::array();
  for (const auto& one : report.troubles) troubles.push_back({{"number", one.number}, {"what", one.what}});
  nlohmann::json value = {{"account", summary.account},
                          {"verdict", fetcher::code(report.verdict)},
                          {"exit_code", static_cast<int>(summary.code)},
                          {"problem", report.problem},
                          {"advice", report.advice},
                          {"unchanged", report.unchanged},
                          {"listed", report.listed},
                          {"fetched", report.fetched},
                          {"heads", report.heads},
                          {"found", report.found},
                          {"deleted", report.deleted},
                          {"refused", report.refused},
                          {"left_behind", report.left_behind},
                          {"octets", report.octets.value},
                          {"troubles", std::move(troubles)},
                          {"remarks", report.remarks},
                          {"tls", report.tls},
                          {"octets_in", report.octets_in},
                          {"octets_out", report.octets_out},
                          {"seconds", std::round(summary.lasted.count() * 1000) / 1000}};
  if (summary.plan) value["plan"] = json_of(*summary.plan);
  return value;
}

}  // namespace fermo::commands
