#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "fetch/sha256.h"
#include "fetch/target.h"
#include "fetcher/file_ops.h"
#include "fetcher/zstd_stream.h"

namespace fermo::fetcher {

/// Delivers to another target and keeps a copy of every message that is fetched whole, so that what is deleted on the
/// server is never gone from the only other place: DIR/YYYY-MM/NAME.DIGEST.eml.zst, compressed, octet for octet as the
/// server sent it. The month is that of the fetch, in UTC; the digest is that of the content, so a name that is taken
/// is the same message.
///
/// The copy is durable before the other target commits, and counts as found only when both have it. What the other
/// target refuses or defers stays on the server and is not kept.
class ArchiveTarget final : public fetch::Target {
 public:
  /// Makes the folder when it is not there; its parent must be. Removes what was left in DIR/tmp by processes that died
  /// more than a day and a half ago. `clock` and `ops` must outlive the target. Errors: misused, unavailable,
  /// out_of_space.
  static Result<std::unique_ptr<ArchiveTarget>> open(std::filesystem::path folder,
                                                     std::unique_ptr<fetch::Target> target, const Clock& clock,
                                                     FileOps& ops = system_file_ops());
  ~ArchiveTarget() override;

  Result<fetch::Presence> find(std::string_view name) override;
  /// Of the other target alone: copies may be younger than what is there, or be cleared away.
  Result<fetch::Presence> presence(std::string_view name) override { return target_->presence(name); }
  Result<void> begin(const fetch::Incoming& message) override;
  Result<void> append(std::string_view content) override;
  Result<void> end() override;
  void abandon() override;
  Result<void> commit() override;
  void tidy() override { target_->tidy(); }
  Result<std::string> mark() override { return target_->mark(); }
  std::string explanation() const override { return archive_failed_ ? explanation_ : target_->explanation(); }

 private:
  struct Copy {
    std::string name;
    std::filesystem::path path;  ///< In tmp/.
    Descriptor file;
  };

  ArchiveTarget(std::filesystem::path folder, std::unique_ptr<fetch::Target> target, const Clock& clock, FileOps& ops)
      : folder_(std::move(folder)), target_(std::move(target)), clock_(clock), ops_(ops) {}
  Result<void> prepare();
  Result<void> load_names();
  Result<void> begin_copy(const std::string& name);
  Result<void> write_copy();
  Result<void> end_copy();
  void drop_copy();
  void drop_pending();
  Result<void> publish();
  /// Remembers that it was the archive that failed, for explanation().
  Result<void> of_archive(Result<void> outcome);

  const std::filesystem::path folder_;
  const std::unique_ptr<fetch::Target> target_;
  const Clock& clock_;
  FileOps& ops_;
  ZstdStream zstd_;
  fetch::Sha256 hash_;
  std::string compressed_;
  std::unique_ptr<Copy> current_;
  std::vector<Copy> pending_;            ///< Ended, not committed.
  Result<void> last_commit_;             ///< Nothing can be committed after one that failed.
  std::filesystem::path durable_month_;  ///< Folder of the month whose entry was synced.
  bool names_loaded_ = false;
  std::unordered_set<std::string> names_;  ///< Delivery names of what is there.
  bool archive_failed_ = false;
  std::string explanation_;
};

}  // namespace fermo::fetcher
