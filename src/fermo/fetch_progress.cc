#include "fermo/fetch_progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "fetch/number_text.h"

namespace fermo::commands {
namespace {

using namespace std::chrono_literals;
using fetch::counted;
using fetch::with_separators;

constexpr auto drawing_pause = 100ms;
constexpr auto line_pause = 10s;
constexpr auto line_pause_min = 1s;
constexpr std::size_t bar_cells = 20;

std::string left(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 60) return std::to_string(whole) + " s left";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s left";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min left";
}

double part_of(const Amounts& all, const Amounts& done) {
  const auto octets = std::max(all.octets.value, done.octets.value);
  return octets > 0 ? static_cast<double>(done.octets.value) / static_cast<double>(octets) : 1;
}

/// The window may have changed its size since the last time.
winsize screen() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size.ws_col = 80;
  if (size.ws_row == 0) size.ws_row = 24;
  return size;
}

/// No more characters than that; an account may have a name in UTF-8.
std::string cut(std::string text, std::size_t columns) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins && ++characters > columns) return text.substr(0, i);
  }
  return text;
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

std::string progress_line(const std::string& account, const Amounts& all, const Amounts& done,
                          std::chrono::duration<double> lasted, std::size_t columns) {
  const double part = part_of(all, done);
  const double rate = lasted.count() > 0 ? static_cast<double>(done.octets.value) / lasted.count() : 0;
  const Octets octets{std::max(all.octets.value, done.octets.value)};
  const auto cells = static_cast<std::size_t>(part * bar_cells);
  std::vector<std::string> parts;
  parts.push_back(account + ": [" + std::string(cells, '#') + std::string(bar_cells - cells, ' ') + "] " +
                  with_separators(done.messages) + " of " + counted(all.messages, "message"));
  parts.push_back(human_octets(done.octets) + " of " + human_octets(octets));
  parts.push_back(human_octets(Octets{static_cast<std::uint64_t>(rate)}) + "/s");
  if (rate > 0 && octets > done.octets) {
    parts.push_back(left(static_cast<double>(octets.value - done.octets.value) / rate));
  }
  std::string line = cut(parts.front(), columns);
  for (std::size_t i = 1; i < parts.size() && line.size() + 2 + parts[i].size() <= columns; ++i)
    line += ", " + parts[i];
  return line;
}

// --- The board -------------------------------------------------------------------------------------------------------

void ProgressBoard::clear() {
  if (lines_ == 0) return;
  std::string text = "\r";
  if (lines_ > 1) text += "\x1b[" + std::to_string(lines_ - 1) + "A";
  err_ << text + "\x1b[J" << std::flush;
  lines_ = 0;
}

void ProgressBoard::show(const FetchProgress& progress) {
  if (std::ranges::find(shown_, &progress) == shown_.end()) shown_.push_back(&progress);
}

void ProgressBoard::hide(const FetchProgress& progress) {
  if (std::erase(shown_, &progress) > 0 && style_ == Style::bars) draw(true);
}

/// In one write, and every line over itself before the rest of it is taken away: nothing flickers.
void ProgressBoard::draw(bool at_once) {
  const auto now = std::chrono::steady_clock::now();
  if (style_ != Style::bars || (!at_once && now - drawn_ < drawing_pause)) return;
  drawn_ = now;
  const winsize size = screen();
  const std::size_t lines = std::min<std::size_t>(shown_.size(), size.ws_row - 1U);
  if (lines == 0) return clear();
  std::string text = "\r";
  if (lines_ > 1) text += "\x1b[" + std::to_string(lines_ - 1) + "A";
  for (std::size_t i = 0; i < lines; ++i) {
    // The last column is left free: a character there makes some terminals begin another line.
    text += (i > 0 ? "\n" : "") + shown_[i]->line(size.ws_col - 1U) + "\x1b[K";
  }
  err_ << text + "\x1b[J" << std::flush;
  lines_ = lines;
}

// --- One account -----------------------------------------------------------------------------------------------------

void FetchProgress::planned(const fetcher::Work& work) {
  all_.messages += work.messages;
  all_.octets += work.octets;
  begun_ = said_ = Time::now();
  if (all_.messages + work.deletions == 0) return;
  if (all_.messages > 0) board_.show(*this);
  board_.draw(true);
  if (board_.style_ != ProgressBoard::Style::lines) return;
  const std::string also =
      work.deletions > 0 ? "; deleting " + counted(work.deletions, "message") + " fetched before" : std::string();
  board_.say(account_ + ": fetching " + counted(all_.messages, "message") + ", " + human_octets(all_.octets) + also);
}

void FetchProgress::received(Octets octets) {
  done_.octets += octets;
  advance();
}

void FetchProgress::delivered(std::uint64_t messages) {
  done_.messages += messages;
  advance();
}

void FetchProgress::advance() {
  board_.draw(done_.messages == all_.messages);
  if (board_.style_ != ProgressBoard::Style::lines) return;
  const auto now = Time::now();
  const auto of_ten = static_cast<std::uint64_t>(part_of(all_, done_) * 10);
  const bool worth_it = now - said_ >= line_pause || (of_ten > said_of_ten_ && now - said_ >= line_pause_min);
  if (!worth_it) return;
  said_ = now;
  said_of_ten_ = of_ten;
  board_.say(account_ + ": " + with_separators(done_.messages) + " of " + counted(all_.messages, "message") + ", " +
             human_octets(done_.octets) + " of " + human_octets(Octets{std::max(all_.octets, done_.octets)}));
}

void FetchProgress::ended(const fetcher::Report&) {
  board_.hide(*this);
}

std::string FetchProgress::line(std::size_t columns) const {
  return progress_line(account_, all_, done_, Time::now() - begun_, columns);
}

}  // namespace fermo::commands
