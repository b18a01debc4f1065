#include "fetcher/mbox_journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <optional>
#include <string>

#include "fetcher/mbox_scan.h"

namespace fermo::fetcher {
namespace {

struct Append {
  std::uint64_t end = 0;
  std::uint64_t octets = 0;
};

constexpr const char* form = "fermo mbox journal 1: %llu %llu.";

/// Nothing when it is empty or was not written to its end.
std::optional<Append> read_append(int file) {
  std::array<char, 128> text{};
  if (::pread(file, text.data(), text.size() - 1, 0) <= 0) return std::nullopt;
  unsigned long long end = 0;
  unsigned long long octets = 0;
  int read = 0;
  if (std::sscanf(text.data(), (std::string(form) + "%n").c_str(), &end, &octets, &read) != 2 || read == 0)
    return std::nullopt;
  return Append{end, octets};
}

}  // namespace

Result<MboxJournal> MboxJournal::open(const std::filesystem::path& path, FileOps& ops) {
  auto file = ops.open(path, O_RDWR | O_CREAT, 0600);
  if (!file) return file.error();
  // Even when it was there: whoever made it or wrote to it may have been killed before this, and what is read here will
  // be acted upon.
  if (auto synced = ops.sync(file->get()); !synced) return synced.error();
  if (auto synced = ops.sync_folder(path.has_parent_path() ? path.parent_path() : "."); !synced) return synced.error();
  return MboxJournal(std::move(*file), ops);
}

Result<void> MboxJournal::begin(std::uint64_t end, std::uint64_t octets) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), form, static_cast<unsigned long long>(end),
                static_cast<unsigned long long>(octets));
  if (auto cut = ops_.truncate(file_.get(), 0); !cut) return cut;
  if (::lseek(file_.get(), 0, SEEK_SET) < 0) return fetch::Error::unavailable;
  if (auto written = ops_.write(file_.get(), text.data()); !written) return written;
  return ops_.sync(file_.get());
}

Result<void> MboxJournal::finish() {
  if (auto cut = ops_.truncate(file_.get(), 0); !cut) return cut;
  return ops_.sync(file_.get());
}

Result<void> MboxJournal::recover(int mbox) {
  const auto append = read_append(file_.get());
  if (!append) return {};
  const auto octets = octets_of(mbox);
  if (!octets) return octets.error();
  bool only_ours = true;
  const auto scanned = scan_messages(
      mbox, append->end, [&](const SeparatorLine& line, std::uint64_t) { only_ours = only_ours && !line.tag.empty(); });
  if (!scanned) return scanned;
  // Even when it is as long as it was to be: after a power cut that says nothing of its octets.
  const bool unfinished = *octets > append->end && *octets <= append->end + append->octets;
  if (unfinished && only_ours) {
    if (auto cut = ops_.truncate(mbox, append->end); !cut) return cut;
    if (auto synced = ops_.sync(mbox); !synced) return synced;
  }
  return finish();
}

}  // namespace fermo::fetcher
