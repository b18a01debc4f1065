#include "fetcher/archive_target.h"

#include <fcntl.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "fetcher/delivery_name.h"
#include "fetcher/leftovers.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;
using fetch::Error;
using fetch::Presence;

constexpr std::string_view suffix = ".eml.zst";
constexpr std::size_t digest_digits = 22;

std::string month_of(Timestamp time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()));
  return text.data();
}

fs::path parent_of(const fs::path& folder) {
  std::error_code unknown;
  const fs::path absolute = fs::absolute(folder, unknown).lexically_normal();
  return absolute.has_filename() ? absolute.parent_path() : absolute.parent_path().parent_path();
}

}  // namespace

Result<std::unique_ptr<ArchiveTarget>> ArchiveTarget::open(fs::path folder, std::unique_ptr<fetch::Target> target,
                                                           const Clock& clock, FileOps& ops) {
  std::unique_ptr<ArchiveTarget> archive(new ArchiveTarget(std::move(folder), std::move(target), clock, ops));
  if (auto prepared = archive->prepare(); !prepared) return prepared.error();
  return archive;
}

ArchiveTarget::~ArchiveTarget() {
  drop_copy();
  drop_pending();
}

Result<void> ArchiveTarget::prepare() {
  std::error_code unknown;
  if (!fs::exists(folder_ / "tmp", unknown)) {
    if (auto made = ops_.make_folder(folder_); !made) return made;
    if (auto synced = ops_.sync_folder(parent_of(folder_)); !synced) return synced;
  }
  // The last one to be made: where it is, the archive itself is durable, whoever was killed while making it.
  if (auto made = ops_.make_folder(folder_ / "tmp"); !made) return made;
  remove_old_leftovers(folder_ / "tmp", ops_);
  return {};
}

Result<void> ArchiveTarget::of_archive(Result<void> outcome) {
  archive_failed_ = !outcome;
  if (archive_failed_) explanation_ = "the archive " + folder_.string() + ": " + outcome.error().message();
  return outcome;
}

// --- What is there ---------------------------------------------------------------------------------------------------

Result<void> ArchiveTarget::load_names() {
  if (names_loaded_) return {};
  std::error_code error;
  fs::recursive_directory_iterator at(folder_, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    // Who put a copy there may have been killed before it was durable, and what is found will be deleted elsewhere.
    if (at->is_directory(error)) {
      if (auto synced = ops_.sync_folder(at->path()); !synced) return synced;
      continue;
    }
    const std::string name = at->path().filename().native();
    if (!name.starts_with(delivery_name_prefix) || !name.ends_with(suffix)) continue;
    names_.insert(name.substr(0, name.rfind('.', name.size() - suffix.size() - 1)));
  }
  if (error) return fetch::from_errno(error.value());
  if (auto synced = ops_.sync_folder(folder_); !synced) return synced;
  names_loaded_ = true;
  return {};
}

Result<Presence> ArchiveTarget::find(std::string_view name) {
  const auto found = target_->find(name);
  if (!found || *found != Presence::present) return found;
  if (auto loaded = of_archive(load_names()); !loaded) return loaded.error();
  return names_.contains(std::string(name)) ? Presence::present : Presence::absent;
}

// --- A message -------------------------------------------------------------------------------------------------------

Result<void> ArchiveTarget::begin(const fetch::Incoming& message) {
  FERMO_CHECK(!current_);
  if (!last_commit_) return last_commit_;
  archive_failed_ = false;
  if (auto begun = target_->begin(message); !begun) return begun;
  if (!message.whole) return {};
  auto begun = of_archive(begin_copy(message.name));
  if (!begun) target_->abandon();
  return begun;
}

Result<void> ArchiveTarget::begin_copy(const std::string& name) {
  Copy copy;
  copy.name = name;
  copy.path = folder_ / "tmp" / (name + "." + random_suffix());
  auto file = ops_.open(copy.path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!file) return file.error();
  copy.file = std::move(*file);
  current_ = std::make_unique<Copy>(std::move(copy));
  compressed_.clear();
  hash_ = {};
  zstd_.begin();
  return {};
}

Result<void> ArchiveTarget::append(std::string_view content) {
  archive_failed_ = false;
  if (auto appended = target_->append(content); !appended) return appended;
  if (!current_) return {};
  hash_.update(content);
  zstd_.compress(content, compressed_);
  return compressed_.size() < limits::message_piece_octets_max ? Result<void>() : of_archive(write_copy());
}

Result<void> ArchiveTarget::write_copy() {
  auto written = ops_.write(current_->file.get(), compressed_);
  compressed_.clear();
  return written;
}

/// The copy first: a target that hands the message on at once could not take it back.
Result<void> ArchiveTarget::end() {
  archive_failed_ = false;
  if (!current_) return target_->end();
  if (auto ended = of_archive(end_copy()); !ended) {
    target_->abandon();
    return ended;
  }
  auto ended = target_->end();
  if (!ended) {
    drop_copy();
    return ended;
  }
  pending_.push_back(std::move(*current_));
  current_.reset();
  return pending_.size() < limits::uncommitted_messages_max ? Result<void>() : commit();
}

Result<void> ArchiveTarget::end_copy() {
  zstd_.finish(compressed_);
  if (auto written = write_copy(); !written) return written;
  current_->name += "." + hash_.hexadecimal(digest_digits) + std::string(suffix);
  return {};
}

void ArchiveTarget::abandon() {
  target_->abandon();
  drop_copy();
}

void ArchiveTarget::drop_copy() {
  if (!current_) return;
  static_cast<void>(ops_.unlink(current_->path));
  current_.reset();
}

// --- Durability ------------------------------------------------------------------------------------------------------

/// After copies were lost the other target may not commit what they were of.
Result<void> ArchiveTarget::commit() {
  if (!last_commit_) return last_commit_;
  archive_failed_ = false;
  if (!pending_.empty()) last_commit_ = of_archive(publish());
  if (!last_commit_) {
    drop_pending();
    return last_commit_;
  }
  return target_->commit();
}

void ArchiveTarget::drop_pending() {
  for (const Copy& copy : pending_) static_cast<void>(ops_.unlink(copy.path));
  pending_.clear();
}

Result<void> ArchiveTarget::publish() {
  const fs::path month = folder_ / month_of(clock_.now());
  if (month != durable_month_) {
    if (auto made = ops_.make_folder(month); !made) return made;
    if (auto synced = ops_.sync_folder(folder_); !synced) return synced;
    durable_month_ = month;
  }
  std::vector<int> files;
  for (const Copy& copy : pending_) {
    if (copy.file) files.push_back(copy.file.get());
  }
  if (auto synced = ops_.sync_all(files); !synced) return synced;
  for (Copy& copy : pending_) copy.file.close();
  for (const Copy& copy : pending_) {
    if (const auto linked = ops_.link(copy.path, month / copy.name); !linked) return linked.error();
  }
  if (auto synced = ops_.sync_folder(month); !synced) return synced;
  drop_pending();
  return {};
}

}  // namespace fermo::fetcher
