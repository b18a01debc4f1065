#include "fetcher/mbox_scan.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "base/limits.h"
#include "fetch/error.h"
#include "fetcher/delivery_name.h"
#include "fetcher/file_ops.h"

namespace fermo::fetcher {
namespace {

constexpr std::string_view from = "From ";
/// Longer lines cannot be separators; only so much of each is kept.
constexpr std::size_t separator_octets_max = 512;

struct Line {
  std::string_view text;  ///< As much of it as is kept.
  std::uint64_t begin;
  std::uint64_t octets;  ///< Without its LF.
  bool has_lf;
};

/// Calls `take` for every line from `at` on that is ended by one of `ends`. Where the file ends.
template <class Take>
Result<std::uint64_t> read_lines(int mbox, std::uint64_t at, std::string_view ends, const Take& take) {
  std::string text;
  std::uint64_t begin = at;
  for (;;) {
    const auto piece = read_at(mbox, at, limits::message_piece_octets_max);
    if (!piece) return piece.error();
    if (piece->empty()) return at;
    for (std::string_view left = *piece; !left.empty();) {
      const std::size_t end = ends.size() == 1 ? left.find(ends.front()) : left.find_first_of(ends);
      const std::string_view part = left.substr(0, end);
      if (text.size() < separator_octets_max) text.append(part.substr(0, separator_octets_max - text.size()));
      at += part.size();
      if (end == std::string_view::npos) break;
      take(Line{text, begin, at - begin, left[end] == '\n'});
      text.clear();
      begin = ++at;
      left.remove_prefix(end + 1);
    }
  }
}

}  // namespace

SeparatorLine read_separator(std::string_view text, std::uint64_t begin) {
  SeparatorLine line;
  line.begin = begin;
  line.content_begin = begin + text.size() + 1;
  text.remove_prefix(std::min(text.size(), from.size()));
  const std::string_view tag = text.substr(0, text.find(' '));
  if (!tag.starts_with(delivery_name_prefix)) return line;
  const std::string_view digits = tag.substr(tag.rfind('.') + 1);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), line.octets);
  if (read.ec == std::errc() && read.ptr == digits.data() + digits.size()) line.tag = tag;
  return line;
}

Result<void> scan_messages(int mbox, std::uint64_t from_octet,
                           const std::function<void(const SeparatorLine&, std::uint64_t)>& found) {
  std::optional<SeparatorLine> message;
  bool after_blank = true;
  const auto end = read_lines(mbox, from_octet, "\n", [&](const Line& line) {
    if (after_blank && line.text.starts_with(from)) {
      if (message) found(*message, line.begin);
      message = read_separator(line.text, line.begin);
      message->content_begin = line.begin + line.octets + 1;
    }
    after_blank = line.octets == 0;
  });
  if (!end) return end.error();
  if (message) found(*message, *end);
  return {};
}

Result<void> scan_from_lines(int mbox, std::uint64_t from_octet,
                             const std::function<void(const SeparatorLine&, bool)>& found) {
  constexpr std::string_view lf_and_nul("\n\0", 2);
  const auto end = read_lines(mbox, from_octet, lf_and_nul, [&](const Line& line) {
    if (line.text.starts_with(from)) found(read_separator(line.text, line.begin), line.has_lf);
  });
  if (!end) return end.error();
  return {};
}

Result<bool> is_mbox(int file) {
  const auto beginning = read_at(file, 0, from.size());
  if (!beginning) return Result<bool>(boost::system::in_place_error, beginning.error());
  return beginning->empty() || *beginning == from;
}

Result<std::uint64_t> octets_of(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return fetch::from_errno(errno);
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace fermo::fetcher
