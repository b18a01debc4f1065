#include "server/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

#include "base/limits.h"
#include "server/thread_counts.h"

namespace fermo::server {

std::size_t allow_open_files() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return std::numeric_limits<std::size_t>::max();
  rlimit all = files;
  all.rlim_cur = files.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &all) == 0 ? all.rlim_cur : files.rlim_cur;
}

std::size_t connections_possible(const config::Config& config, std::size_t open_files_max) {
  constexpr std::size_t of_a_reactor = 3;  // epoll, and what wakes it: a timer and another thread
  const std::size_t protocol = protocol_threads(config);
  const auto handed_over = [](std::size_t sockets) { return std::min(sockets, limits::note_descriptors_max); };
  // One for each thread that asks: keys, the store, logins with lookups of recipients.
  const std::size_t to_processes =
      handed_over(protocol) + handed_over(store_threads(config)) + handed_over(login_threads(config) + protocol);
  const std::size_t needed = limits::descriptors_reserved + protocol * (config.listen.size() + of_a_reactor) +
                             2 * to_processes;  // of a process that was started again, beside those that are in use
  return open_files_max > needed ? open_files_max - needed : 1;
}

}  // namespace fermo::server
