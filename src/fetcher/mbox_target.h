#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "fetch/line_ends.h"
#include "fetch/target.h"
#include "fetcher/mbox_journal.h"
#include "fetcher/mbox_lock.h"
#include "fetcher/spool.h"

namespace fermo::fetcher {

/// Appends to an mbox with LF line ends and mboxrd quoting. A message waits in a file of its own until it is complete,
/// so the mbox is held for the time of a copy only, never for that of a network. The line that begins a message, which
/// mail programs leave as it is, tells its delivery name and its octets:
///
///     From fermo.0123….4711 Tue Jan  1 10:00:00 2030
///
/// Thus one that is there as a whole is not appended again; what a process that died has left behind it is known
/// from a journal and taken away before anything is appended.
class MboxTarget final : public fetch::Target {
 public:
  struct Options {
    /// An earlier session may have delivered what it could not record (AccountState::deliveries_open, first run): look
    /// for that in the whole mbox before the first commit.
    bool look_back = true;
    /// In a folder of our own: one file for each mbox, whichever account delivers there.
    std::filesystem::path journal;
  };

  /// Errors: misused, unavailable, not_ours (a file that is no mbox).
  static Result<std::unique_ptr<MboxTarget>> open(std::filesystem::path mbox, const Options& options,
                                                  const Clock& clock, FileOps& ops = system_file_ops());

  Result<fetch::Presence> find(std::string_view name) override;
  /// Whoever changes a message leaves its separator.
  Result<fetch::Presence> presence(std::string_view name) override;
  Result<void> begin(const fetch::Incoming& message) override;
  Result<void> append(std::string_view content) override;
  Result<void> end() override;
  void abandon() override;
  Result<void> commit() override;
  /// Of the folder, since mail programs may write an mbox anew.
  Result<std::string> mark() override;

 private:
  struct Entry {
    std::string name;
    std::uint64_t begin;  ///< In the spool.
    std::uint64_t end;
    std::string separator;  ///< Made when it is appended.
  };

  MboxTarget(std::filesystem::path mbox, bool look_back, const Clock& clock, FileOps& ops, Spool spool,
             MboxJournal journal)
      : mbox_(std::move(mbox)),
        clock_(clock),
        ops_(ops),
        spool_(std::move(spool)),
        journal_(std::move(journal)),
        look_back_(look_back) {}

  Result<void> scan(int mbox);
  Result<void> load_names();
  Result<void> append_pending(int mbox);
  Result<void> sync_folder();
  std::vector<Entry*> not_there_yet();
  MboxJournal::Append plan_append(std::uint64_t end, std::string_view blank, const std::vector<Entry*>& entries);
  Result<void> append_all(int mbox, std::string_view blank, const std::vector<Entry*>& entries);
  void take_back(int mbox, std::uint64_t end);
  Result<void> append_entry(int mbox, const Entry& entry);

  const std::filesystem::path mbox_;
  const Clock& clock_;
  FileOps& ops_;
  Spool spool_;
  MboxJournal journal_;
  bool look_back_;
  bool scanned_ = false;
  bool folder_is_durable_ = false;
  std::map<std::string, unsigned, std::less<>>
      there_;  ///< Complete messages of earlier runs: "name.octets" and how often.
  bool names_loaded_ = false;
  std::unordered_set<std::string> names_;  ///< Of all that is there, complete or not, but for what came since.
  std::optional<Entry> current_;
  std::string lf_;
  fetch::CrlfToLf line_ends_;
  fetch::MboxQuoting quoting_;
  std::vector<Entry> pending_;
};

}  // namespace fermo::fetcher
