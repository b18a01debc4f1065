#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <string_view>

#include "simulation/isolated.h"

/// simulation --seed N                  one seed, with its trace
/// simulation --first N --seeds COUNT   many, and what came of them
/// Either may be given --mutation NAME (mutation.h): then it ends at the first seed under which the oracle notices.
/// Ends with 1 when a promise was not kept.
namespace {

using namespace fermo::simulation;

struct Arguments {
  std::optional<std::uint64_t> seed;
  std::uint64_t first = 1;
  std::uint64_t seeds = 0;
  Mutation mutation = Mutation::none;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

bool take_mutation(Arguments& arguments, std::string_view name) {
  const auto known = std::ranges::find(mutation_names, name, &MutationName::name);
  if (known == mutation_names.end()) return false;
  arguments.mutation = known->mutation;
  return true;
}

bool take(Arguments& arguments, std::string_view name, std::string_view value) {
  if (name == "--mutation") return take_mutation(arguments, value);
  const auto given = number(value);
  if (!given) return false;
  if (name == "--seed") {
    arguments.seed = *given;
  } else if (name == "--first") {
    arguments.first = *given;
  } else if (name == "--seeds") {
    arguments.seeds = *given;
  } else {
    return false;
  }
  return true;
}

std::optional<Arguments> parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; i += 2) {
    if (i + 1 == count || !take(arguments, words[i], words[i + 1])) return std::nullopt;
  }
  if (!arguments.seed && arguments.seeds == 0) return std::nullopt;
  return arguments;
}

void show(std::string_view line) {
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
}

int run_one(std::uint64_t seed, Mutation mutation) {
  const Verdict verdict = run_isolated(seed, mutation, show);
  if (verdict.complaints > 0) std::printf("FAILED seed %" PRIu64 ": %s\n", seed, verdict.first_complaint.data());
  std::printf("seed %" PRIu64 ": %" PRIu64 " events, digest %016" PRIx64 "\n", seed, verdict.events, verdict.digest);
  return verdict.complaints == 0 ? 0 : 1;
}

void add(Verdict& sum, const Verdict& one) {
  sum.complaints += one.complaints > 0 ? 1 : 0;
  sum.digest ^= one.digest;
  sum.events += one.events;
  sum.messages_acknowledged += one.messages_acknowledged;
  sum.deletions_acknowledged += one.deletions_acknowledged;
  sum.power_cuts += one.power_cuts;
  sum.cuts_while_starting += one.cuts_while_starting;
  sum.kills += one.kills;
}

int run_many(const Arguments& arguments) {
  Verdict sum;
  std::uint64_t seeds = 0;
  while (seeds < arguments.seeds) {
    const std::uint64_t seed = arguments.first + seeds++;
    const Verdict verdict = run_isolated(seed, arguments.mutation, {});
    add(sum, verdict);
    if (verdict.complaints == 0) continue;
    std::printf("FAILED seed %" PRIu64 ": %s\n", seed, verdict.first_complaint.data());
    if (arguments.mutation != Mutation::none) break;
  }
  std::printf("seeds %" PRIu64 " failed %" PRIu64 " events %" PRIu64 " messages %" PRIu64 " deletions %" PRIu64
              " power-cuts %" PRIu64 " while-starting %" PRIu64 " kills %" PRIu64 " digest %016" PRIx64 "\n",
              seeds, sum.complaints, sum.events, sum.messages_acknowledged, sum.deletions_acknowledged, sum.power_cuts,
              sum.cuts_while_starting, sum.kills, sum.digest);
  return sum.complaints == 0 ? 0 : 1;
}

int show_usage() {
  std::fputs("simulation --seed N | --first N --seeds COUNT [--mutation NAME]\nNAME:", stderr);
  for (const auto& [mutation, name] : mutation_names) {
    if (mutation != Mutation::none) std::fprintf(stderr, " %.*s", static_cast<int>(name.size()), name.data());
  }
  std::fputs("\n", stderr);
  return 64;
}

}  // namespace

int main(int count, char** words) {
  make_repeatable(words);
  // Not from the heap, where it would move what comes after it.
  static char buffer[1 << 16];
  std::setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
  const auto arguments = parse(count, words);
  if (!arguments) return show_usage();
  return arguments->seed ? run_one(*arguments->seed, arguments->mutation) : run_many(*arguments);
}
