#include "fetcher/mbox_journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "fetch/sha256.h"

namespace fermo::fetcher {
namespace {

using Append = MboxJournal::Append;

constexpr std::string_view any_form = "fermo mbox journal ";
constexpr std::string_view form = "fermo mbox journal 2: ";
constexpr std::size_t digest_digits = 64;
/// More than the journal of as many messages as a target holds takes.
constexpr std::size_t journal_octets_max = 1024 * 1024;
/// By which an mbox is known again: so much that hardly two messages of one sender end with the same octets.
constexpr std::uint64_t known_octets_max = 4096;

std::string digest_of(std::string_view text) {
  fetch::Sha256 hash;
  hash.update(text);
  return hash.hexadecimal(digest_digits);
}

Result<std::string> digest_before(int mbox, std::uint64_t end) {
  const std::uint64_t octets = std::min(end, known_octets_max);
  const auto known = read_at(mbox, end - octets, static_cast<std::size_t>(octets));
  if (!known) return known;
  return digest_of(*known);
}

std::string text_of(const Append& append, const std::string& digest) {
  std::ostringstream text;
  text << form << append.end << ' ' << append.octets << ' ' << digest << '\n';
  for (const SeparatorLine& line : append.separators) text << line.begin << ' ' << line.tag << '\n';
  return text.str() + digest_of(text.str()) + '\n';
}

struct Known {
  Append append;
  std::string digest;
};

/// Nothing when it was not written to its end: then nothing was appended.
std::optional<Known> read_known(const std::string& text) {
  if (text.size() <= digest_digits + 1) return std::nullopt;
  const std::string lines = text.substr(0, text.size() - digest_digits - 1);
  if (text != lines + digest_of(lines) + '\n') return std::nullopt;
  std::istringstream words(lines.substr(form.size()));
  Known known;
  words >> known.append.end >> known.append.octets >> known.digest;
  for (SeparatorLine line; words >> line.begin >> line.tag;) known.append.separators.push_back(line);
  return known;
}

/// Whether everything in `mbox` is as it was when the append began, and nothing but a part of that follows. What is
/// appended is quoted, so each line that begins as a separator does is one.
Result<bool> holds_nothing_else(int mbox, const Known& known) {
  const Append& append = known.append;
  const auto octets = octets_of(mbox);
  if (!octets) return Result<bool>(boost::system::in_place_error, octets.error());
  if (*octets < append.end || *octets > append.end + append.octets) return false;
  const auto digest = digest_before(mbox, append.end);
  if (!digest) return Result<bool>(boost::system::in_place_error, digest.error());
  bool ours = *digest == known.digest;
  auto next = append.separators.begin();
  const auto scanned = scan_from_lines(mbox, append.end, [&](const SeparatorLine& line, bool whole) {
    const auto same = [&](const SeparatorLine& one) {
      return one.begin == line.begin && (one.tag == line.tag || !whole);
    };
    next = std::find_if(next, append.separators.end(), same);
    ours = ours && next != append.separators.end();
  });
  if (!scanned) return Result<bool>(boost::system::in_place_error, scanned.error());
  return ours;
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

Result<void> MboxJournal::begin(int mbox, const Append& append) {
  const auto digest = digest_before(mbox, append.end);
  if (!digest) return digest.error();
  if (auto cut = ops_.truncate(file_.get(), 0); !cut) return cut;
  if (::lseek(file_.get(), 0, SEEK_SET) < 0) return fetch::Error::unavailable;
  if (auto written = ops_.write(file_.get(), text_of(append, *digest)); !written) return written;
  return ops_.sync(file_.get());
}

Result<void> MboxJournal::finish() {
  if (auto cut = ops_.truncate(file_.get(), 0); !cut) return cut;
  return ops_.sync(file_.get());
}

Result<void> MboxJournal::recover(int mbox) {
  const auto text = read_at(file_.get(), 0, journal_octets_max);
  if (!text) return text.error();
  if (!text->starts_with(form)) {
    // Where an append of another form ended up is not certain.
    doubts_all_ = doubts_all_ || text->starts_with(any_form);
    return {};
  }
  const auto known = read_known(*text);
  if (!known) return {};
  const auto certain = holds_nothing_else(mbox, *known);
  if (!certain) return certain.error();
  if (!*certain) {
    for (const SeparatorLine& line : known->append.separators) doubted_.insert(line.tag);
    return {};
  }
  // Even when it is as long as it was to be: after a power cut that says nothing of its octets.
  if (auto cut = ops_.truncate(mbox, known->append.end); !cut) return cut;
  if (auto synced = ops_.sync(mbox); !synced) return synced;
  return finish();
}

}  // namespace fermo::fetcher
