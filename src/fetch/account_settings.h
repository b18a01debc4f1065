#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "fetch/policy.h"

/// What is set for one account: where its mail is, how to get at it, what to do with it. Plain values; whoever reads a
/// configuration fills them in.
namespace fermo::fetch {

enum class TlsMode {
  implicit,   ///< TLS from the first octet, port 995 (RFC 8314 §3).
  stls,       ///< STLS, without which nothing goes on (RFC 2595 §4).
  plaintext,  ///< By explicit wish only.
};

/// Where the password comes from.
struct PasswordSource {
  enum class Kind {
    ask,          ///< Prompt for it.
    literal,      ///< It is here.
    command,      ///< First line of what a program prints.
    file,         ///< First line of a file that nobody else can read.
    keyring,      ///< The desktop's.
    credential,   ///< systemd's, by its name.
    environment,  ///< A variable.
  };
  Kind kind = Kind::ask;
  Secret literal;
  std::vector<std::string> command;
  std::string name;  ///< Path, credential or variable.
};

struct TargetSettings {
  enum class Kind { unset, maildir, mbox, command, lmtp, smtp };
  Kind kind = Kind::unset;
  std::string path;                    ///< Of a Maildir, mbox or socket; "~/" stands for the user's home.
  std::vector<std::string> arguments;  ///< Of a command, with the program first.
  std::string host;
  std::optional<std::uint16_t> port;
  std::string recipient;  ///< For lmtp and smtp.
  friend bool operator==(const TargetSettings&, const TargetSettings&) = default;
};

struct AccountSettings {
  std::string name;  ///< What the user calls it.
  bool enabled = true;
  std::string server;
  std::optional<std::uint16_t> port;  ///< Nothing: what the TLS mode goes with.
  TlsMode tls = TlsMode::implicit;
  std::string user;
  PasswordSource password;
  std::string mechanism;  ///< A SASL mechanism, "APOP" or "USER"; empty: the safest that both sides know.
  std::string ca_file;    ///< Certificates to trust instead of the system's.
  std::vector<std::string> pins_sha256;  ///< Of the server's certificate, 64 hexadecimal digits each.
  std::string client_certificate, client_key;
  std::string proxy_host;  ///< SOCKS5.
  std::optional<std::uint16_t> proxy_port;
  std::optional<std::chrono::seconds> timeout;
  std::optional<std::chrono::seconds> interval;  ///< Between two sessions of the daemon.
  Policy policy;
  TargetSettings target;
};

/// 995 with implicit TLS, else 110, unless a port is set.
std::uint16_t port_of(const AccountSettings& account);

}  // namespace fermo::fetch
