#include "crash/disk_journal.h"

#include <algorithm>
#include <fstream>

namespace fermo::crash {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t sector_octets = 512;

std::string folder_of(const std::string& path) {
  return fs::path(path).parent_path().lexically_normal().string();
}

std::uintmax_t size_of(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  return error ? 0 : size;
}

void zero_some_sectors(const std::string& path, std::uintmax_t from, std::uintmax_t to, std::mt19937_64& random) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (std::uintmax_t at = from; at < to;) {
    const std::uintmax_t end = std::min(to, (at / sector_octets + 1) * sector_octets);
    if (random() % 2 == 0) {
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(end - at, '\0');
    }
    at = end;
  }
}

}  // namespace

DiskJournal::DiskJournal(fs::path attic) : attic_(std::move(attic)) {
  fs::create_directories(attic_);
}

void DiskJournal::folder_made(const std::string& path) {
  entries_.push_back({Kind::made_folder, path, "", ""});
}

void DiskJournal::file_made(const std::string& path) {
  entries_.push_back({Kind::made, path, "", ""});
  synced_octets_[path] = 0;
}

std::string DiskJournal::keep(const std::string& path) {
  if (!fs::exists(path)) return "";
  const std::string kept = (attic_ / std::to_string(kept_++)).string();
  fs::create_hard_link(path, kept);
  return kept;
}

void DiskJournal::file_deleted(const std::string& path, std::string kept) {
  entries_.push_back({Kind::deleted, path, "", std::move(kept)});
  synced_octets_.erase(path);
}

void DiskJournal::file_renamed(const std::string& from, const std::string& to, std::string kept) {
  entries_.push_back({Kind::renamed, to, from, std::move(kept)});
  synced_octets_.erase(to);
  if (auto node = synced_octets_.extract(from)) {
    node.key() = to;
    synced_octets_.insert(std::move(node));
  }
}

void DiskJournal::file_synced(const std::string& path) {
  if (cut_) return;
  if (const auto found = synced_octets_.find(path); found != synced_octets_.end()) found->second = size_of(path);
}

void DiskJournal::file_truncated(const std::string& path) {
  if (const auto found = synced_octets_.find(path); found != synced_octets_.end()) {
    found->second = std::min(found->second, size_of(path));
  }
}

void DiskJournal::folder_synced(const std::string& path) {
  if (cut_) return;
  const std::string folder = (fs::path(path) / "").lexically_normal().parent_path().string();
  std::erase_if(entries_, [&folder](const Entry& entry) { return folder_of(entry.path) == folder; });
}

void DiskJournal::cut() {
  if (cut_) return;
  cut_ = {entries_.size(), synced_octets_, {}};
  for (const auto& [path, synced] : synced_octets_) cut_->octets[path] = size_of(path);
}

void DiskJournal::apply_loss(Loss loss, std::uint64_t seed) {
  if (cut_) {
    undo_down_to(cut_->entries);
    synced_octets_ = cut_->synced_octets;
    for (const auto& [path, octets] : cut_->octets) {
      if (size_of(path) > octets) fs::resize_file(path, octets);
    }
  }
  if (loss != Loss::nothing) lose_what_is_not_safe(loss, seed);
  entries_.clear();
  synced_octets_.clear();
  cut_.reset();
  for (const auto& old : fs::directory_iterator(attic_)) fs::remove(old);
}

void DiskJournal::lose_what_is_not_safe(Loss loss, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  undo_down_to(loss == Loss::everything ? 0 : random() % (entries_.size() + 1));
  for (const auto& [path, synced] : synced_octets_) lose_octets(path, synced, loss, random);
}

void DiskJournal::undo_down_to(std::size_t entries_left) {
  while (entries_.size() > entries_left) {
    undo(entries_.back());
    entries_.pop_back();
  }
}

void DiskJournal::undo(const Entry& entry) {
  switch (entry.kind) {
    case Kind::made_folder:
      fs::remove_all(entry.path);
      break;
    case Kind::made:
      fs::remove(entry.path);
      synced_octets_.erase(entry.path);
      break;
    case Kind::deleted:
      if (!entry.kept.empty()) fs::rename(entry.kept, entry.path);
      break;
    case Kind::renamed:
      fs::rename(entry.path, entry.from);
      if (auto node = synced_octets_.extract(entry.path)) {
        node.key() = entry.from;
        synced_octets_.insert(std::move(node));
      }
      if (!entry.kept.empty()) fs::rename(entry.kept, entry.path);
      break;
  }
}

void DiskJournal::lose_octets(const std::string& path, std::uintmax_t synced, Loss loss, std::mt19937_64& random) {
  const std::uintmax_t size = size_of(path);
  if (size <= synced) return;
  const auto some = [&] { return synced + random() % (size - synced + 1); };
  switch (loss) {
    case Loss::nothing:
      return;
    case Loss::everything:
      return fs::resize_file(path, synced);
    case Loss::tail:
      return fs::resize_file(path, some());
    case Loss::torn: {
      // A file system notes the size at one stroke, octets come sector by sector: often all are there but some.
      const std::uintmax_t left = random() % 2 == 0 ? size : some();
      fs::resize_file(path, left);
      zero_some_sectors(path, synced, left, random);
    }
  }
}

}  // namespace fermo::crash
