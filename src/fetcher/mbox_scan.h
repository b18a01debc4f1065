#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"

/// Reads what MboxTarget has written. Internal to the module.
namespace fermo::fetcher {

/// The line that begins a message: "From NAME.OCTETS DATE".
struct SeparatorLine {
  std::string tag;                  ///< "NAME.OCTETS"; empty when the message is not ours.
  std::uint64_t begin = 0;          ///< Where the line begins.
  std::uint64_t content_begin = 0;  ///< Where the message begins.
  std::uint64_t octets = 0;         ///< Of the message as it was written, if it is ours.
};

/// Where the message after `line` would end with the blank line that follows it.
inline std::uint64_t end_of(const SeparatorLine& line) {
  return line.content_begin + line.octets + 1;
}

/// Reads the separator line that `text` (without its LF) is, `begin` being its place in the file.
SeparatorLine read_separator(std::string_view text, std::uint64_t begin);

/// Calls `found` for every message of the mbox from `from` on, with its separator and where the next one or the file
/// begins or ends. `from` must be the beginning of a separator line. Errors: unavailable.
Result<void> scan_messages(int mbox, std::uint64_t from,
                           const std::function<void(const SeparatorLine&, std::uint64_t end)>& found);

/// Calls `found` for every line from `from` on that begins as a separator does, after a blank line or not, and with
/// whether it is whole: what a power cut has taken are zeros, and they end a line too. Errors: unavailable.
Result<void> scan_from_lines(int mbox, std::uint64_t from,
                             const std::function<void(const SeparatorLine&, bool whole)>& found);

/// Whether the file begins like an mbox, or is empty. Errors: unavailable.
Result<bool> is_mbox(int file);

/// The octets of a file. Errors: unavailable.
Result<std::uint64_t> octets_of(int file);

}  // namespace fermo::fetcher
