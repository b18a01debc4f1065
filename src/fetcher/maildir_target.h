#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "fetch/line_ends.h"
#include "fetch/target.h"
#include "fetcher/file_ops.h"

namespace fermo::fetcher {

/// Delivers into a Maildir. A message is written to tmp/ with LF line ends and synced; its name in new/ is a link, so
/// that it is there as a whole or not at all. Where the name is taken already, in new/ or with flags in cur/, the
/// contents are compared: equal ones are one message that was delivered before; should the server have given two
/// messages one identity, the second gets a name of its own rather than getting lost.
class MaildirTarget final : public fetch::Target {
 public:
  /// Makes the folder with tmp/, new/ and cur/ when it is not there; its parent must be. Removes what deliveries that
  /// were cut off have left in tmp/ more than a day and a half ago. `ops` must outlive the target. Errors: misused (not
  /// a folder; no parent), unavailable, out_of_space.
  static Result<std::unique_ptr<MaildirTarget>> open(std::filesystem::path folder, FileOps& ops = system_file_ops());
  ~MaildirTarget() override;

  Result<fetch::Presence> find(std::string_view name) override;
  Result<void> begin(const fetch::Incoming& message) override;
  Result<void> append(std::string_view content) override;
  Result<void> end() override;
  void abandon() override;
  Result<void> commit() override;
  void tidy() override;
  Result<std::string> mark() override;

 private:
  struct Pending {
    std::string name;
    std::filesystem::path path;  ///< In tmp/.
    Descriptor file;
    std::uint64_t octets = 0;
  };

  MaildirTarget(std::filesystem::path folder, FileOps& ops) : folder_(std::move(folder)), ops_(ops) {}
  Result<void> prepare();
  Result<void> load_index();
  Result<void> index_folder(const std::string& part);
  Result<void> make_mark(const std::filesystem::path& path);
  Result<void> flush();
  Result<void> commit_pending();
  void drop_pending();
  Result<void> publish(const Pending& pending);
  Result<bool> publish_under(const Pending& pending, const std::string& name);

  const std::filesystem::path folder_;
  FileOps& ops_;
  bool indexed_ = false;
  bool looked_twice_ = false;
  bool published_ = false;  ///< Something that the index does not know, which would grow with every message.
  bool found_is_durable_ = false;
  std::unordered_map<std::string, std::string> index_;  ///< Our names, and where they were: "cur/NAME:2,S".
  std::unique_ptr<Pending> current_;                    ///< Being written.
  fetch::CrlfToLf converter_;
  std::string buffer_;
  std::vector<Pending> pending_;                 ///< Ended, not committed.
  Result<void> last_commit_;                     ///< Nothing can be committed after one that failed.
  std::vector<std::filesystem::path> leftover_;  ///< In tmp/, of messages that have their name in new/.
};

}  // namespace fermo::fetcher
