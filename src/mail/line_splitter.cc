#include "mail/line_splitter.h"

#include <algorithm>

#include "base/secret.h"

namespace fermo::mail {

void LineSplitter::make_room(std::size_t octets) {
  if (begin_ == 0 && buffer_.size() + octets <= buffer_.capacity()) return;
  const std::string_view kept = peek();
  if (kept.size() + octets <= buffer_.capacity()) {
    buffer_.erase(0, begin_);
  } else {
    // By hand, because a string that grows by itself leaves its old memory unwiped.
    std::string grown;
    grown.reserve(std::max(2 * buffer_.capacity(), kept.size() + octets));
    grown.append(kept);
    buffer_.swap(grown);
    wipe(grown);
  }
  begin_ = 0;
}

void LineSplitter::receive(std::string_view octets) {
  make_room(octets.size());
  buffer_.append(octets);
}

LineSplitter::Outcome LineSplitter::next() {
  return dropping_ ? next_dropped() : next_kept();
}

LineSplitter::Outcome LineSplitter::next_kept() {
  const std::string_view rest = peek();
  const std::size_t lf = rest.find('\n', scanned_);
  if (lf == std::string_view::npos) {
    scanned_ = rest.size();
    // One octet more may be the CR of the line end.
    if (rest.size() > line_octets_max_ + 1) {
      dropping_ = true;
      return next_dropped();
    }
    return NeedMore{};
  }
  begin_ += lf + 1;
  scanned_ = 0;
  const bool after_cr = lf > 0 && rest[lf - 1] == '\r';
  const std::string_view text = rest.substr(0, after_cr ? lf - 1 : lf);
  if (text.size() > line_octets_max_) return TooLong{};
  return Line{text, !after_cr};
}

LineSplitter::Outcome LineSplitter::next_dropped() {
  const std::string_view rest = peek();
  const std::size_t lf = rest.find('\n', scanned_);
  scanned_ = 0;
  if (lf == std::string_view::npos) {
    dropped_ += rest.size();
    begin_ = buffer_.size();
    return NeedMore{};
  }
  begin_ += lf + 1;
  dropped_ = 0;
  dropping_ = false;
  return TooLong{};
}

bool LineSplitter::empty() const {
  return peek().empty() && !dropping_;
}

std::string_view LineSplitter::take(std::size_t octets_max) {
  const std::string_view taken = peek().substr(0, octets_max);
  begin_ += taken.size();
  scanned_ -= std::min(scanned_, taken.size());
  return taken;
}

void LineSplitter::clear() {
  wipe(buffer_);
  begin_ = 0;
  scanned_ = 0;
  dropped_ = 0;
  dropping_ = false;
}

}  // namespace fermo::mail
