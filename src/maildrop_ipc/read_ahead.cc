#include "maildrop_ipc/read_ahead.h"

#include <algorithm>

#include "base/limits.h"

namespace fermo::maildrop_ipc {
namespace {

MessageNumber after(MessageNumber number) {
  return MessageNumber::at_index(number.index() + 1);
}

}  // namespace

std::size_t ReadAhead::to_ask_for(MessageNumber number) {
  const bool in_order = next_ == number;
  next_ = after(number);
  count_ = in_order ? std::min(2 * count_ + 1, limits::store_ipc_following_max) : 0;
  return count_;
}

void ReadAhead::keep(MessageNumber number, reply::Reading& reading) {
  forget();
  if (reading.following.empty()) return;
  octets_ = reading.piece.substr(reading.summary.wire_octets.value);
  reading.piece.resize(reading.summary.wire_octets.value);
  std::size_t at = 0;
  for (const auto& summary : reading.following) {
    messages_.push_back({summary, at});
    at += summary.wire_octets.value;
  }
  reading.following.clear();
  first_ = after(number);
}

std::optional<reply::Reading> ReadAhead::find(MessageNumber number) {
  if (number < first_ || number.index() - first_.index() >= messages_.size()) return std::nullopt;
  const std::size_t index = number.index() - first_.index();
  const auto [summary, at] = messages_[index];
  next_ = after(number);
  reply::Reading reading{0, summary, octets_.substr(at, summary.wire_octets.value), true};
  if (index + 1 == messages_.size()) forget();
  return reading;
}

void ReadAhead::forget() {
  messages_.clear();
  octets_ = std::string();
}

}  // namespace fermo::maildrop_ipc
