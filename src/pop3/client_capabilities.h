#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fermo::pop3::client {

/// What a server announces in its answer to CAPA (RFC 2449 §6).
struct Capabilities {
  bool known = false;  ///< CAPA was answered; otherwise nothing here says anything.
  bool top = false;
  bool user = false;
  bool uidl = false;
  bool stls = false;
  bool pipelining = false;
  bool resp_codes = false;
  bool auth_resp_code = false;    ///< RFC 3206 §6.
  std::vector<std::string> sasl;  ///< Mechanisms in upper case, as announced.
  std::optional<std::chrono::seconds> login_delay;
  std::optional<std::uint32_t> expire_days;  ///< 0: deleted as soon as retrieved (RFC 2449 §6.7).
  bool expire_never = false;
  bool utf8 = false;           ///< RFC 6856 §2.1.
  std::string implementation;  ///< Cleaned.
  friend bool operator==(const Capabilities&, const Capabilities&) = default;

  /// Takes one line of the answer; what is unknown or malformed is passed over.
  void take_line(std::string_view line);

  /// What matters of it as lines of an answer to CAPA, joined by LF, to be kept for the next session; empty when
  /// nothing is known.
  std::string text() const;
  static Capabilities from_text(std::string_view text);
};

}  // namespace fermo::pop3::client
