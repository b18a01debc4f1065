#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>

#include "config/config.h"
#include "config/conflicts.h"
#include "config/host_name.h"
#include "config/text.h"
#include "mail/utf8.h"

namespace fermo::config {
namespace {

namespace fs = std::filesystem;
using Problems = std::vector<Problem>;

// --- Defaults --------------------------------------------------------------------------------------------------------

bool bind_to_ipv6_loopback() {
  const int probe = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool bound = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return bound;
}

/// Asked once: a process that is confined by the time it reads its configuration anew could not ask, and would find
/// fewer listeners than it has.
bool has_ipv6_loopback() {
  static const bool there = bind_to_ipv6_loopback();
  return there;
}

std::vector<Listen> default_listeners() {
  std::vector<Listen> listeners;
  const bool ipv6 = has_ipv6_loopback();
  const auto add = [&](Protocol protocol, std::uint16_t port) {
    listeners.push_back({.protocol = protocol, .address = "127.0.0.1", .port = port, .unix_path = {}});
    if (ipv6) listeners.push_back({.protocol = protocol, .address = "::1", .port = port, .unix_path = {}});
  };
  add(Protocol::pop3, 1110);
  add(Protocol::pop3s, 1995);
  add(Protocol::lmtp, 1024);
  return listeners;
}

std::string machine_name() {
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) != 0 || !is_host_name(name)) return "localhost";
  return name;
}

void fill_in(Config& config) {
  if (config.users.empty()) config.users = config.data / "users";
  if (config.host_name.empty()) config.host_name = machine_name();
  if (config.listen.empty()) config.listen = default_listeners();
  if (config.lmtp_networks.empty()) config.lmtp_networks = {"127.0.0.0/8", "::1/128"};
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  if (config.threads == 0) config.threads = cores;
  // They mostly wait for a disk.
  if (config.store_threads == 0) config.store_threads = 4 * cores;
  if (config.hash_threads == 0) config.hash_threads = cores;
}

// --- Checks ----------------------------------------------------------------------------------------------------------

std::string reason(int number) {
  return std::generic_category().message(number);
}

void complain(Problems& problems, std::string message) {
  problems.push_back({std::nullopt, std::move(message)});
}

/// Why the file cannot be read; empty when it can.
std::string reading_problem(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return reason(errno);
  struct ::stat status{};
  const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  ::close(file);
  return regular ? "" : "not a regular file";
}

void check_tls_file(std::string_view key, const fs::path& path, Problems& problems) {
  if (path.empty()) return;
  const std::string problem = reading_problem(path);
  if (problem.empty()) return;
  complain(problems, std::string(key) + ": cannot read " + in_quotes(path.string()) + " (" + problem +
                         "); put it there, let the server's user read it, or leave tls.certificate and tls.key out");
}

void check_key_is_private(const fs::path& path, Problems& problems) {
  struct ::stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0 || (status.st_mode & S_IRWXO) == 0) return;
  complain(problems, "tls.key: everybody on this machine may read " + in_quotes(path.string()) +
                         "; chmod o= takes that away, and a new key is needed if somebody has");
}

void check_users(const fs::path& path, Problems& problems) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) return;  // `fermo user add` makes it
  const std::string problem = reading_problem(path);
  if (problem.empty()) return;
  complain(problems, "users: cannot read " + in_quotes(path.string()) + " (" + problem +
                         "); it must be a file that the server's user may read");
}

void check_data(const fs::path& path, Problems& problems) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return;  // the server makes it
  if (!fs::is_directory(status)) {
    complain(problems, "data: " + in_quotes(path.string()) + " is not a folder; name another one");
  } else if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    complain(problems, "data: cannot write to " + in_quotes(path.string()) + " (" + reason(errno) +
                           "); give it to the server's user");
  }
}

void check_unix_path(const Listen& listen, Problems& problems) {
  if (listen.unix_path.empty()) return;
  const fs::path folder = listen.unix_path.has_parent_path() ? listen.unix_path.parent_path() : fs::path(".");
  std::error_code error;
  if (fs::is_directory(folder, error)) return;
  complain(problems,
           "listen " + in_quotes(listen.text()) + ": there is no folder " + in_quotes(folder.string()) + "; make it");
}

void check_encoding(std::string_view key, const fs::path& path, Problems& problems) {
  if (mail::is_utf8(path.string())) return;
  complain(problems,
           std::string(key) + ": " + in_quotes(path.string()) + " is not UTF-8, so it cannot be written in TOML");
}

Problems check(const Config& config) {
  Problems problems;
  for (const Conflict& conflict : colliding_listeners(config)) complain(problems, conflict.message);
  for (const Conflict& conflict : conflicts(config)) complain(problems, conflict.message);
  check_encoding("data", config.data, problems);
  check_encoding("users", config.users, problems);
  check_data(config.data, problems);
  check_users(config.users, problems);
  check_tls_file("tls.certificate", config.tls.certificate, problems);
  check_tls_file("tls.key", config.tls.key, problems);
  check_key_is_private(config.tls.key, problems);
  for (const Listen& listen : config.listen) check_unix_path(listen, problems);
  return problems;
}

}  // namespace

std::vector<Problem> complete(Config& config) {
  fill_in(config);
  return check(config);
}

}  // namespace fermo::config
