#include <rocksdb/file_system.h>
#include <rocksdb/wal_filter.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "maildrop_rocks/attestation.h"
#include "maildrop_rocks/wal_check.h"

/// The log of the store as a damaged disk hands it back: batches in any order, holes, batches that are cut, files whose
/// beginning is another. Nothing behind a hole may be applied, nothing that follows may be refused, and no attestation
/// of a batch that can be read may be missed. Octets whose checksum does not hold RocksDB keeps to itself; for what
/// nobody wrote and has one nevertheless its own reader aborts, so there is none of that here.
///
/// The input: batches. Each begins with an octet of flags, one of how far its sequence is from the one that follows,
/// and one that counts its rows; each row is an octet and its own octets.
namespace {

using namespace fermo::rocks;
using Verdict = rocksdb::WalFilter::WalProcessingOption;

constexpr std::size_t batch_header_octets = 12;
constexpr std::size_t record_header_octets = 7;
constexpr std::size_t sequence_octets = 8;
constexpr std::uint64_t first_sequence = 1000;
constexpr LogMark mark = 0x0123456789abcdef;

/// A disk on which only the beginning of one file can be read.
class OneFile final : public rocksdb::FileSystemWrapper {
 public:
  OneFile() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "one-file"; }
  rocksdb::IOStatus NewSequentialFile(const std::string&, const rocksdb::FileOptions&,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext*) override {
    if (!content) return rocksdb::IOStatus::IOError("gone");
    *result = std::make_unique<File>(*content, reading_fails);
    return rocksdb::IOStatus::OK();
  }

  std::optional<std::string> content;
  bool reading_fails = false;

 private:
  class File final : public rocksdb::FSSequentialFile {
   public:
    File(std::string_view content, bool reading_fails) : rest_(content), reading_fails_(reading_fails) {}
    rocksdb::IOStatus Read(std::size_t octets, const rocksdb::IOOptions&, rocksdb::Slice* result, char* space,
                           rocksdb::IODebugContext*) override {
      if (reading_fails_) return rocksdb::IOStatus::IOError("unreadable");
      const std::string_view piece = rest_.substr(0, octets);
      rest_.remove_prefix(piece.size());
      std::ranges::copy(piece, space);
      *result = rocksdb::Slice(space, piece.size());
      return rocksdb::IOStatus::OK();
    }
    rocksdb::IOStatus Skip(std::uint64_t octets) override {
      rest_.remove_prefix(std::min<std::size_t>(octets, rest_.size()));
      return rocksdb::IOStatus::OK();
    }

   private:
    std::string_view rest_;
    const bool reading_fails_;
  };
};

class Input {
 public:
  explicit Input(std::string_view octets) : rest_(octets) {}
  bool ended() const { return rest_.empty(); }
  std::uint8_t octet() { return ended() ? std::uint8_t{0} : static_cast<std::uint8_t>(take(1).front()); }
  std::string_view take(std::size_t octets) {
    const std::string_view taken = rest_.substr(0, octets);
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

/// One batch of the log, and where it stands.
struct Entry {
  enum class Beginning { none, right, other, cut, unreadable, gone };
  Beginning of_file = Beginning::none;  ///< A file begins with it; what a look at the file then shows.
  std::uint64_t sequence = 0;
  rocksdb::WriteBatch batch;
  bool broken = false;         ///< No longer as it was written, or with rows that we never write.
  std::uint64_t attested = 0;  ///< What it says was synced.
};

void check_put(const rocksdb::Status& status) {
  FERMO_CHECK(status.ok());
}

void add_rows(Entry& entry, Input& input) {
  for (std::uint8_t rows = input.octet() % 8; rows > 0; --rows) {
    const std::uint8_t row = input.octet();
    const std::string_view some = input.take(row >> 4U);
    switch (row % 7) {
      case 0:
        check_put(entry.batch.Put(some, "value"));
        break;
      case 1:
        check_put(entry.batch.Delete(some));
        break;
      case 2:
        check_put(entry.batch.Merge(some, "change"));
        break;
      case 3:
        check_put(entry.batch.PutLogData(attestation(row, mark)));
        entry.attested = std::max<std::uint64_t>(entry.attested, row);
        break;
      case 4:
        check_put(entry.batch.DeleteRange("", some));
        entry.broken = true;
        break;
      case 5:
        check_put(entry.batch.SingleDelete(some));
        break;
      default:
        check_put(entry.batch.PutLogData(some));
        entry.attested = std::max(entry.attested, attested_sequence(some).value_or(0));
        break;
    }
  }
}

void cut_or_miscount(Entry& entry, std::string& octets, Input& input) {
  const std::uint8_t how = input.octet();
  entry.broken = true;
  if (how % 2 == 0) return octets.resize(std::min<std::size_t>(octets.size(), batch_header_octets + how / 2));
  octets[sequence_octets] = static_cast<char>(how);
}

/// What a look at the file shows that begins with the batch.
Entry::Beginning beginning(unsigned flags) {
  using enum Entry::Beginning;
  constexpr std::array beginnings = {right, right, right, right, other, cut, gone, unreadable};
  return beginnings.at(flags >> 5U & 7U);
}

/// `follows`: the sequence that an undamaged log has here.
Entry take_entry(Input& input, bool first, std::uint64_t follows) {
  const std::uint8_t flags = input.octet();
  const auto distance = static_cast<std::int8_t>(input.octet());
  Entry entry;
  if (first || (flags & 1U) != 0) entry.of_file = beginning(flags);
  add_rows(entry, input);
  std::string octets = entry.batch.Data();
  if ((flags & 2U) != 0) cut_or_miscount(entry, octets, input);
  entry.sequence = follows + static_cast<std::uint64_t>(distance);
  std::memcpy(octets.data(), &entry.sequence, sequence_octets);
  entry.batch = rocksdb::WriteBatch(octets);
  return entry;
}

/// The file as it begins, for the look that the check takes at it.
void lay_out(OneFile& disk, const Entry& entry) {
  const bool other = entry.of_file == Entry::Beginning::other;
  std::string file(record_header_octets + sequence_octets + 20, '\0');
  const std::uint64_t sequence = other ? entry.sequence + 1 : entry.sequence;
  std::memcpy(file.data() + record_header_octets, &sequence, sequence_octets);
  if (entry.of_file == Entry::Beginning::cut) file.resize(record_header_octets + sequence_octets - 1);
  disk.content = std::move(file);
  if (entry.of_file == Entry::Beginning::gone) disk.content.reset();
  disk.reading_fails = entry.of_file == Entry::Beginning::unreadable;
}

/// What an undamaged log would look like so far.
class Model {
 public:
  bool empty() const { return !end_; }
  std::uint64_t end() const { return end_.value_or(first_sequence); }

  Verdict verdict(const Entry& entry) const {
    const bool begins = entry.of_file == Entry::Beginning::none || entry.of_file == Entry::Beginning::right;
    const bool hole = end_ && entry.sequence > *end_;
    return begins && !hole ? Verdict::kContinueProcessing : Verdict::kCorruptedRecord;
  }
  void take(const Entry& entry) {
    const std::uint64_t after = entry.sequence + entry.batch.Count();
    end_ = std::max(end_.value_or(after), after);
  }

 private:
  std::optional<std::uint64_t> end_;
};

/// The oldest log that any table needs.
void check_first_log(WalCheck& check, std::string_view octets) {
  std::map<std::uint32_t, std::uint64_t> logs;
  for (const char octet : octets.substr(0, 8)) logs.emplace(logs.size(), static_cast<unsigned char>(octet));
  check.filter()->ColumnFamilyLogNumberMap(logs, {});
  for (const auto& [table, log] : logs) FERMO_CHECK(check.first_log() <= log);
  FERMO_CHECK(logs.empty() ||
              std::ranges::any_of(logs, [&](const auto& one) { return one.second == check.first_log(); }));
}

Verdict shown(WalCheck& check, unsigned long long file, const Entry& entry) {
  return check.filter()->LogRecordFound(file, "log", entry.batch, nullptr, nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto disk = std::make_shared<OneFile>();
  Input input({reinterpret_cast<const char*>(data), size});
  WalCheck continuity(WalCheck::Mode::continuity, disk);
  WalCheck attestations(WalCheck::Mode::attestations, disk);
  Model model;
  unsigned long long file = 0;
  bool stopped = false;
  while (!input.ended()) {
    const Entry entry = take_entry(input, file == 0, model.end());
    if (entry.of_file != Entry::Beginning::none) {
      ++file;
      lay_out(*disk, entry);
    }
    const std::uint64_t attested_before = attestations.attested();
    FERMO_CHECK(shown(attestations, file, entry) == Verdict::kIgnoreCurrentRecord);
    const std::uint64_t attested = attestations.attested();
    FERMO_CHECK(entry.broken ? attested >= attested_before : attested == std::max(attested_before, entry.attested));
    if (stopped) continue;
    const Verdict verdict = shown(continuity, file, entry);
    FERMO_CHECK(verdict == model.verdict(entry));
    stopped = verdict != Verdict::kContinueProcessing;
    if (!stopped) model.take(entry);
  }
  FERMO_CHECK(continuity.attested() == 0);
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  check_first_log(continuity, octets);
  // What stands in the log beside the batches, read as an attestation.
  const auto sequence = attested_sequence(octets);
  if (sequence) FERMO_CHECK(attested_sequence(attestation(*sequence, mark)) == sequence);
  AttestationSearch search(mark);
  search.block(octets);
  const std::uint64_t found = search.attested();
  search.block("header " + attestation(7, mark));
  FERMO_CHECK(search.attested() == std::max<std::uint64_t>(found, 7));
  return 0;
}
