#include "fermo/fetch_progress.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "fetch/number_text.h"

namespace fermo::commands {
namespace {

using fetch::counted;

constexpr std::chrono::milliseconds drawing_pause{100};
constexpr std::size_t bar_cells = 24;

std::string left(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 60) return std::to_string(whole) + " s";
  return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
}

}  // namespace

std::string human_octets(Octets octets) {
  constexpr std::array<const char*, 5> units = {"octets", "kB", "MB", "GB", "TB"};
  auto amount = static_cast<double>(octets.value);
  std::size_t unit = 0;
  for (; amount >= 1000 && unit + 1 < units.size(); ++unit) amount /= 1000;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", amount, units.at(unit));
  return text.data();
}

void FetchProgress::planned(const fetch::Plan& plan) {
  plan_ = plan;
  std::uint64_t removals = 0;
  for (const auto& decision : plan.decisions) {
    if (decision.removal == fetch::Removal::now) ++removals;
    if (decision.retrieval == fetch::Retrieval::none) continue;
    ++messages_;
    octets_ += decision.octets;
  }
  begun_ = Time::now();
  if (style_ != Style::lines || messages_ + removals == 0) return;
  err_ << "fermo: fetching " << counted(messages_, "message") << ", " << human_octets(octets_);
  if (removals > 0) err_ << "; deleting " << counted(removals, "message") << " fetched before";
  err_ << std::endl;
}

void FetchProgress::received(Octets octets) {
  octets_done_ += octets;
  draw(false);
}

void FetchProgress::delivered(std::uint64_t messages) {
  messages_done_ += messages;
  draw(messages_done_ == messages_);
}

void FetchProgress::draw(bool now) {
  const auto time = Time::now();
  if (style_ != Style::bar || messages_ == 0 || (!now && time - drawn_ < drawing_pause)) return;
  drawn_ = time;
  shown_ = true;
  const double seconds = std::chrono::duration<double>(time - begun_).count();
  const double rate = seconds > 0 ? static_cast<double>(octets_done_.value) / seconds : 0;
  const std::uint64_t octets = std::max(octets_.value, octets_done_.value);
  const double part = octets > 0 ? static_cast<double>(octets_done_.value) / static_cast<double>(octets) : 1;
  const auto cells = static_cast<std::size_t>(part * bar_cells);
  err_ << "\r[" << std::string(cells, '#') << std::string(bar_cells - cells, ' ') << "] "
       << fetch::with_separators(messages_done_) << " of " << counted(messages_, "message") << ", "
       << human_octets(octets_done_) << " of " << human_octets(Octets{octets}) << ", "
       << human_octets(Octets{static_cast<std::uint64_t>(rate)}) << "/s";
  if (rate > 0 && octets > octets_done_.value) {
    err_ << ", " << left(static_cast<double>(octets - octets_done_.value) / rate) << " left";
  }
  err_ << "\x1b[K" << std::flush;
}

void FetchProgress::finish() {
  if (shown_) err_ << "\r\x1b[K" << std::flush;
  shown_ = false;
}

}  // namespace fermo::commands
