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

namespace fermo::fetcher {
namespace {

constexpr std::string_view from = "From ";
/// Longer lines cannot be separators; only so much of each is kept.
constexpr std::size_t separator_octets_max = 512;

Result<std::string> read_at(int file, std::uint64_t at, std::size_t octets_max) {
  std::string piece(octets_max, '\0');
  while (true) {
    const ssize_t got = ::pread(file, piece.data(), piece.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fetch::from_errno(errno);
    piece.resize(static_cast<std::size_t>(got));
    return piece;
  }
}

/// Follows the lines of a file and tells the separators among them.
class Scanner {
 public:
  Scanner(std::uint64_t at, const std::function<void(const SeparatorLine&, std::uint64_t)>& found)
      : found_(found), line_begin_(at), at_(at) {}

  void take(std::string_view piece) {
    while (!piece.empty()) {
      const std::size_t lf = piece.find('\n');
      const std::string_view part = piece.substr(0, lf);
      if (line_.size() < separator_octets_max) line_.append(part.substr(0, separator_octets_max - line_.size()));
      at_ += part.size();
      line_octets_ += part.size();
      if (lf == std::string_view::npos) return;
      ++at_;
      end_line();
      piece.remove_prefix(lf + 1);
    }
  }

  void finish() {
    if (message_) found_(*message_, at_);
  }

 private:
  void end_line() {
    if (after_blank_ && line_.starts_with(from)) {
      if (message_) found_(*message_, line_begin_);
      message_ = read_separator(line_, line_begin_);
      message_->content_begin = at_;
    }
    after_blank_ = line_octets_ == 0;
    line_.clear();
    line_octets_ = 0;
    line_begin_ = at_;
  }

  const std::function<void(const SeparatorLine&, std::uint64_t)>& found_;
  std::optional<SeparatorLine> message_;
  std::string line_;
  std::uint64_t line_begin_;
  std::uint64_t line_octets_ = 0;
  std::uint64_t at_;
  bool after_blank_ = true;
};

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
  Scanner scanner(from_octet, found);
  for (std::uint64_t at = from_octet;;) {
    const auto piece = read_at(mbox, at, limits::message_piece_octets_max);
    if (!piece) return piece.error();
    if (piece->empty()) break;
    scanner.take(*piece);
    at += piece->size();
  }
  scanner.finish();
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
