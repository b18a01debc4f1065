#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"

/// What `fermo.toml` may say. Everything has a default that is right for a laptop: `fermo serve` needs no
/// configuration.
namespace fermo::config {

enum class Protocol { pop3, pop3s, lmtp };

/// PROTO=ADDRESS:PORT, PROTO=[IPv6]:PORT or PROTO=unix:PATH (lmtp only).
struct Listen {
  Protocol protocol;
  std::string address;              ///< A numeric IPv4 or IPv6 address; "*" for every address of both families.
  std::uint16_t port = 0;           ///< 0: any free port, told in the log and on standard output.
  std::filesystem::path unix_path;  ///< Set for unix: only.
  std::string text() const;         ///< In the form it is written.
  friend bool operator==(const Listen&, const Listen&) = default;
};

struct Tls {
  std::filesystem::path certificate;  ///< PEM, the whole chain. Empty: a self-signed one, made at first start.
  std::filesystem::path key;          ///< PEM.
  friend bool operator==(const Tls&, const Tls&) = default;
};

enum class LogFormat { text, json };

/// What becomes of a server whose processes the kernel cannot keep apart.
enum class Protection {
  possible,  ///< It does what it can, and says what is missing.
  required,  ///< It does not start.
};

struct Config {
  std::filesystem::path data = "var";  ///< Holds the store, users, control socket and self-signed certificate.
  std::filesystem::path users;         ///< The password file; default: `data`/users.
  std::string host_name;               ///< For greetings and Received; default: gethostname(2).
  std::vector<Listen> listen;          ///< Default: loopback 1110 (pop3), 1995 (pop3s), 1024 (lmtp).
  Tls tls;
  bool plaintext_logins = false;           ///< Allow passwords without TLS from other machines too.
  Protection protection = Protection::possible;
  std::size_t guesses_per_address_max = limits::guesses_per_address_max;  ///< Failed logins in a minute.
  std::size_t guesses_per_account_max = limits::guesses_per_account_max;  ///< Failed logins in a minute.
  std::vector<std::string> guess_exempt_networks;  ///< CIDRs whose failed logins are not counted.
  std::vector<std::string> lmtp_networks;  ///< CIDRs that may speak LMTP over TCP; default: loopback.
  std::uint64_t message_octets_max = limits::message_octets_max;
  std::size_t recipients_max = limits::recipients_max;
  std::uint64_t free_octets_min = limits::store_free_octets_min;  ///< With less on the store's disk no mail is taken.
  std::size_t connections_max = limits::connections_max;
  std::size_t connections_per_address_max = limits::connections_per_address_max;
  std::chrono::seconds autologout = limits::pop3_autologout;
  std::chrono::seconds login_time_max = limits::unauthenticated_time_max;
  std::chrono::seconds drain_time_max = limits::drain_time_max;
  std::size_t threads = 0;         ///< Protocol threads; 0: one for each core.
  std::size_t store_threads = 0;   ///< Threads that may wait for the store; 0: chosen from the cores.
  std::size_t hash_threads = 0;    ///< Threads that hash passwords; 0: one for each core.
  std::string log_level = "info";  ///< trace, debug, info, warning, error.
  LogFormat log_format = LogFormat::text;

  friend bool operator==(const Config&, const Config&) = default;
};

/// One thing that is wrong, and what to do about it.
struct Problem {
  std::optional<std::uint32_t> line;  ///< Counts from 1; nothing when it is not about one line.
  std::string message;                ///< One sentence that names the key and says what would be right.

  /// `fermo.toml:12: message`, or `fermo.toml: message` when it is not about one line. Fit for a terminal: no control
  /// characters.
  std::string text(std::string_view file) const;
};

struct Parsed {
  Config config;                  ///< Usable only when `problems` is empty.
  std::vector<Problem> problems;  ///< All of them, in the order of lines.
};

/// Reads the text of a configuration. Unknown keys are problems and name the nearest key that exists; TOML that cannot
/// be read at all is one problem, at its line. Reads no file and asks nothing of the system, so that it can be fuzzed.
Parsed parse(std::string_view toml);

/// Reads one `--listen` argument; an explanation when it is wrong.
struct ListenParsed {
  std::optional<Listen> listen;
  std::string problem;
};
ListenParsed parse_listen(std::string_view text);

/// Fills in what was left open (users path, host name, listeners, networks, thread counts), and checks what only the
/// whole or the system can tell: that listeners do not collide (those of the command line are in by now), that LMTP
/// beyond loopback is limited to networks, that named files exist and can be read. All problems at once; `config` is
/// usable when there are none.
///
/// The default listeners are on 127.0.0.1 and on [::1]; the latter are left out on a machine without IPv6, since nobody
/// asked for them by name. A listener that somebody wrote down is never left out.
std::vector<Problem> complete(Config& config);

/// The whole configuration as TOML, defaults included, each key with an explanation. parse() of it gives `config`
/// again. What is still left open stands there as a comment.
std::string describe(const Config& config);

}  // namespace fermo::config
