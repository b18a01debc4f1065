#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"

/// What `fermo.toml` may say. Everything has a default that is right for a laptop: `fermo serve` needs no configuration.
namespace fermo::config {

enum class Protocol { pop3, pop3s, lmtp };

/// PROTO=ADDRESS:PORT, PROTO=[IPv6]:PORT or PROTO=unix:PATH (lmtp only).
struct Listen {
  Protocol protocol;
  std::string address;              ///< A numeric IPv4 or IPv6 address; "*" for every address of both families.
  std::uint16_t port = 0;           ///< 0: any free port, told in the log and on standard output.
  std::filesystem::path unix_path;  ///< Set for unix: only.
  std::string text() const;         ///< In the form it is written.
};

struct Tls {
  std::filesystem::path certificate;  ///< PEM, the whole chain. Empty: a self-signed one under `data`, made at first start.
  std::filesystem::path key;          ///< PEM.
};

enum class LogFormat { text, json };

struct Config {
  std::filesystem::path data = "var";      ///< Holds the store, the users, the control socket and a self-signed certificate.
  std::filesystem::path users;             ///< The password file; default: `data`/users.
  std::string host_name;                   ///< For greetings and Received; default: gethostname(2).
  std::vector<Listen> listen;              ///< Default: loopback 1110 (pop3), 1995 (pop3s), 1024 (lmtp).
  Tls tls;
  bool plaintext_logins = false;           ///< Allow passwords without TLS from other machines too.
  std::vector<std::string> lmtp_networks;  ///< CIDRs that may speak LMTP over TCP; default: loopback.
  std::uint64_t message_octets_max = limits::message_octets_max;
  std::size_t recipients_max = limits::recipients_max;
  std::size_t connections_max = limits::connections_max;
  std::size_t connections_per_address_max = limits::connections_per_address_max;
  std::chrono::seconds autologout = limits::pop3_autologout;
  std::chrono::seconds drain_time_max = limits::drain_time_max;
  std::size_t threads = 0;                 ///< Protocol threads; 0: one for each core.
  std::size_t store_threads = 0;           ///< Threads that may wait for the store; 0: chosen from the cores.
  std::size_t hash_threads = 0;            ///< Threads that hash passwords; 0: one for each core.
  std::string log_level = "info";          ///< trace, debug, info, warning, error.
  LogFormat log_format = LogFormat::text;
};

/// One thing that is wrong, and what to do about it.
struct Problem {
  std::optional<std::uint32_t> line;  ///< Counts from 1; nothing when it is not about one line.
  std::string message;                ///< One sentence that names the key and says what would be right.
};

struct Parsed {
  Config config;                  ///< Usable only when `problems` is empty.
  std::vector<Problem> problems;  ///< All of them, in the order of lines.
};

/// Reads the text of a configuration. Unknown keys are problems and name the nearest key that exists. Reads no file and
/// asks nothing of the system, so that it can be fuzzed.
Parsed parse(std::string_view toml);

/// Reads one `--listen` argument; an explanation when it is wrong.
struct ListenParsed {
  std::optional<Listen> listen;
  std::string problem;
};
ListenParsed parse_listen(std::string_view text);

/// Fills in what was left open (users path, host name, listeners, thread counts), and checks what only the system can tell:
/// that named files exist and can be read.
std::vector<Problem> complete(Config& config);

/// The whole configuration as TOML, defaults included, each key with a line of explanation.
std::string describe(const Config& config);

}  // namespace fermo::config
