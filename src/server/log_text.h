#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"

namespace fermo::server {

/// `text` fit for a log: octets outside printable ASCII, `"` and `\` become \xNN, and what is longer than
/// `limits::log_text_octets_max` is cut and ends in "...". So nobody can write a line of the log, or a terminal, for
/// us.
std::string log_text(std::string_view text);

/// One event as one line: `session id=… user=…`, or a JSON object.
class LogLine {
 public:
  LogLine(config::LogFormat format, std::string_view event);

  /// Goes through log_text(); quoted where it needs to be.
  void add(std::string_view key, std::string_view text);
  void add(std::string_view key, std::uint64_t number);

  /// Ends the line; nothing may be added after it.
  std::string finish();

 private:
  config::LogFormat format_;
  std::string line_;
};

}  // namespace fermo::server
