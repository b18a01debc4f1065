#include "fetcher/mbox_target.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "fetcher/folder_mark.h"
#include "fetcher/mbox_scan.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;
using fetch::Error;
using fetch::Presence;

/// As asctime(3) writes it, in UTC: Tue Jan  1 10:00:00 2030.
std::string separator_date(Timestamp time) {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s %s %2u %02d:%02d:%02d %04d", days[std::chrono::weekday(day).c_encoding()],
                months[static_cast<unsigned>(date.month()) - 1], static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(date.year()));
  return text.data();
}

std::string tag_of(const std::string& name, std::uint64_t octets) {
  return name + "." + std::to_string(octets);
}

/// What must stand between `mbox`, which ends at `end`, and the next separator: a blank line.
Result<std::string> missing_blank_line(int mbox, std::uint64_t end) {
  if (end == 0) return std::string();
  std::array<char, 2> last{};
  const std::uint64_t at = end >= 2 ? end - 2 : 0;
  if (::pread(mbox, last.data(), last.size(), static_cast<off_t>(at)) < 1) return fetch::from_errno(errno);
  const std::string_view tail(last.data(), static_cast<std::size_t>(end - at));
  return std::string(tail.ends_with("\n\n") ? "" : tail.ends_with("\n") ? "\n" : "\n\n");
}

}  // namespace

Result<std::unique_ptr<MboxTarget>> MboxTarget::open(fs::path mbox, const Options& options, const Clock& clock,
                                                     FileOps& ops) {
  std::error_code error;
  if (fs::is_directory(mbox, error)) return Error::misused;
  auto spool = Spool::make();
  if (!spool) return spool.error();
  // Whether the place is good is better said before a message is fetched than after.
  const auto lock = MboxLock::take(mbox, ops);
  if (!lock) return lock.error();
  const auto good = is_mbox(lock->descriptor());
  if (!good) return good.error();
  auto journal = MboxJournal::open(options.journal, ops);
  if (!journal) return journal.error();
  if (auto recovered = journal->recover(lock->descriptor()); !recovered) return recovered.error();
  if (!*good && *octets_of(lock->descriptor()) > 0) return Error::not_ours;
  return std::unique_ptr<MboxTarget>(
      new MboxTarget(std::move(mbox), options.look_back, clock, ops, std::move(*spool), std::move(*journal)));
}

Result<void> MboxTarget::scan(int mbox) {
  there_.clear();
  auto scanned = scan_messages(mbox, 0, [this](const SeparatorLine& line, std::uint64_t end) {
    if (!line.tag.empty() && end >= end_of(line) && !journal_.doubts(line.tag)) ++there_[line.tag];
  });
  scanned_ = scanned.has_value();
  return scanned;
}

Result<Presence> MboxTarget::find(std::string_view name) {
  if (!scanned_) {
    auto lock = MboxLock::take(mbox_, ops_);
    if (!lock) return lock.error();
    if (auto scanned = scan(lock->descriptor()); !scanned) return scanned.error();
    // Who wrote it may have been killed before it was durable, and what is found will be deleted elsewhere for it.
    if (auto synced = ops_.sync(lock->descriptor()); !synced) return synced.error();
    if (auto synced = sync_folder(); !synced) return synced.error();
  }
  const std::string prefix = std::string(name) + ".";
  const auto at = there_.lower_bound(prefix);
  return at != there_.end() && at->first.starts_with(prefix) ? Presence::present : Presence::absent;
}

Result<void> MboxTarget::load_names() {
  if (names_loaded_) return {};
  const auto lock = MboxLock::take(mbox_, ops_);
  if (!lock) return lock.error();
  names_.clear();
  auto scanned = scan_from_lines(lock->descriptor(), 0, [this](const SeparatorLine& line, bool) {
    if (!line.tag.empty()) names_.insert(line.tag.substr(0, line.tag.rfind('.')));
  });
  names_loaded_ = scanned.has_value();
  return scanned;
}

Result<Presence> MboxTarget::presence(std::string_view name) {
  if (auto loaded = load_names(); !loaded) return loaded.error();
  return names_.contains(std::string(name)) ? Presence::present : Presence::absent;
}

Result<void> MboxTarget::begin(const fetch::Incoming& message) {
  FERMO_CHECK(!current_);
  current_ = Entry{message.name, spool_.octets(), 0, {}};
  line_ends_ = {};
  quoting_ = {};
  return {};
}

Result<void> MboxTarget::append(std::string_view content) {
  FERMO_CHECK(current_.has_value());
  lf_.clear();
  line_ends_.convert(content, lf_);
  quoting_.quote(lf_, spool_.buffer());
  return spool_.flush_if_full();
}

Result<void> MboxTarget::end() {
  FERMO_CHECK(current_.has_value());
  lf_.clear();
  line_ends_.finish(lf_);
  quoting_.quote(lf_, spool_.buffer());
  quoting_.finish(spool_.buffer());
  if (auto flushed = spool_.flush_if_full(); !flushed) return flushed;
  current_->end = spool_.octets();
  pending_.push_back(std::move(*current_));
  current_.reset();
  return {};
}

void MboxTarget::abandon() {
  if (!current_) return;
  static_cast<void>(spool_.cut(current_->begin));
  current_.reset();
}

Result<void> MboxTarget::commit() {
  FERMO_CHECK(!current_);
  if (pending_.empty()) return {};
  if (auto flushed = spool_.flush(); !flushed) return flushed;
  auto lock = MboxLock::take(mbox_, ops_);
  if (!lock) return lock.error();
  // First: what fails after the mail is there would have it appended again.
  if (auto synced = sync_folder(); !synced) return synced;
  if (auto appended = append_pending(lock->descriptor()); !appended) return appended;
  pending_.clear();
  names_loaded_ = false;
  return spool_.cut(0);
}

/// The mbox may be as new as the first lock on it, by us or by one of us who was killed since.
Result<void> MboxTarget::sync_folder() {
  if (folder_is_durable_) return {};
  auto synced = ops_.sync_folder(mbox_.has_parent_path() ? mbox_.parent_path() : ".");
  folder_is_durable_ = synced.has_value();
  return synced;
}

Result<void> MboxTarget::append_pending(int mbox) {
  if (auto recovered = journal_.recover(mbox); !recovered) return recovered;
  const auto end = octets_of(mbox);
  if (!end) return end.error();
  const auto good = is_mbox(mbox);
  if (!good) return good.error();
  if (!*good) return Error::not_ours;
  if (look_back_ && !scanned_) {
    if (auto scanned = scan(mbox); !scanned) return scanned;
  }
  const auto blank = missing_blank_line(mbox, *end);
  if (!blank) return blank.error();
  const auto entries = not_there_yet();
  if (entries.empty()) return {};
  if (auto begun = journal_.begin(mbox, plan_append(*end, *blank, entries)); !begun) return begun;
  if (::lseek(mbox, static_cast<off_t>(*end), SEEK_SET) < 0) return fetch::from_errno(errno);
  auto done = append_all(mbox, *blank, entries);
  if (done) done = ops_.sync(mbox);
  if (done) done = journal_.finish();
  // It will be appended again.
  if (!done) take_back(mbox, *end);
  return done;
}

/// When this fails as well, the journal stands, and the next one to append does it.
void MboxTarget::take_back(int mbox, std::uint64_t end) {
  if (!ops_.truncate(mbox, end) || !ops_.sync(mbox)) return;
  static_cast<void>(journal_.finish());
}

MboxJournal::Append MboxTarget::plan_append(std::uint64_t end, std::string_view blank,
                                            const std::vector<Entry*>& entries) {
  MboxJournal::Append append{end, blank.size(), {}};
  const std::string date = separator_date(clock_.now());
  for (Entry* entry : entries) {
    const std::string tag = tag_of(entry->name, entry->end - entry->begin);
    entry->separator = "From " + tag + " " + date + "\n";
    append.separators.push_back({.tag = tag, .begin = end + append.octets});
    append.octets += entry->separator.size() + (entry->end - entry->begin) + 1;
  }
  return append;
}

/// What is complete in the mbox from an earlier run is left out, as often as it is there.
std::vector<MboxTarget::Entry*> MboxTarget::not_there_yet() {
  std::vector<Entry*> entries;
  for (Entry& entry : pending_) {
    const auto there = there_.find(tag_of(entry.name, entry.end - entry.begin));
    if (there == there_.end() || there->second == 0) {
      entries.push_back(&entry);
    } else {
      --there->second;
    }
  }
  return entries;
}

Result<void> MboxTarget::append_all(int mbox, std::string_view blank, const std::vector<Entry*>& entries) {
  if (!blank.empty()) {
    if (auto written = ops_.write(mbox, blank); !written) return written;
  }
  for (const Entry* entry : entries) {
    if (auto appended = append_entry(mbox, *entry); !appended) return appended;
  }
  return {};
}

Result<void> MboxTarget::append_entry(int mbox, const Entry& entry) {
  std::string piece = entry.separator;
  for (std::uint64_t at = entry.begin; at < entry.end;) {
    const auto octets = std::min<std::uint64_t>(entry.end - at, limits::message_piece_octets_max);
    const auto read = spool_.read(at, static_cast<std::size_t>(octets));
    if (!read) return read.error();
    if (read->empty()) return Error::unavailable;
    piece += *read;
    at += read->size();
    if (auto written = ops_.write(mbox, piece); !written) return written;
    piece.clear();
  }
  return ops_.write(mbox, piece + "\n");
}

Result<std::string> MboxTarget::mark() {
  return folder_mark(mbox_.parent_path());
}

}  // namespace fermo::fetcher
