#include "simulation/isolated.h"

#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "simulation/world.h"

namespace fermo::simulation {
namespace {

constexpr const char* files_in_memory = "/dev/shm";

void set_first_complaint(Verdict& verdict, const std::string& text) {
  std::ranges::copy_n(text.begin(),
                      static_cast<std::ptrdiff_t>(std::min(text.size(), verdict.first_complaint.size() - 1)),
                      verdict.first_complaint.begin());
}

Verdict run_here(std::uint64_t seed, Mutation mutation, Trace::Show show) {
  const Outcome outcome = World(seed, mutation, std::move(show)).run();
  Verdict verdict{.complaints = outcome.complaints.size(),
                  .digest = outcome.digest,
                  .events = outcome.events,
                  .messages_acknowledged = outcome.messages_acknowledged,
                  .deletions_acknowledged = outcome.deletions_acknowledged,
                  .power_cuts = outcome.power_cuts,
                  .cuts_while_starting = outcome.cuts_while_starting,
                  .kills = outcome.kills};
  if (!outcome.complaints.empty()) set_first_complaint(verdict, outcome.complaints.front());
  return verdict;
}

/// What the child wrote, or what is known of one that could not.
Verdict verdict_of(pid_t child, int from) {
  Verdict verdict;
  const ssize_t octets = read(from, &verdict, sizeof verdict);
  int status = 0;
  waitpid(child, &status, 0);
  if (octets == static_cast<ssize_t>(sizeof verdict) && WIFEXITED(status) && WEXITSTATUS(status) == 0) return verdict;
  verdict = {};
  verdict.complaints = 1;
  set_first_complaint(verdict, WIFSIGNALED(status) ? "ended by signal " + std::to_string(WTERMSIG(status))
                                                   : "ended with " + std::to_string(WEXITSTATUS(status)));
  return verdict;
}

}  // namespace

void make_repeatable(char** words) {
  if (access(files_in_memory, W_OK) == 0) setenv("TMPDIR", files_in_memory, 1);
  const int now = personality(0xFFFFFFFF);
  if (now == -1 || (now & ADDR_NO_RANDOMIZE) != 0) return;
  const auto wanted = static_cast<unsigned long>(now) | ADDR_NO_RANDOMIZE;
  if (personality(wanted) != -1) execv("/proc/self/exe", words);
  std::fputs(
      "simulation: this system does not let addresses stay the same; now and then a seed may do something else\n",
      stderr);
}

Verdict run_isolated(std::uint64_t seed, Mutation mutation, Trace::Show show) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == -1) throw std::runtime_error("no process");
  if (child == 0) {
    const Verdict verdict = run_here(seed, mutation, std::move(show));
    std::fflush(stdout);
    _exit(write(ends[1], &verdict, sizeof verdict) == static_cast<ssize_t>(sizeof verdict) ? 0 : 2);
  }
  close(ends[1]);
  const Verdict verdict = verdict_of(child, ends[0]);
  close(ends[0]);
  return verdict;
}

}  // namespace fermo::simulation
