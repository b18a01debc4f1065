#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/octets.h"
#include "fetch/sha256.h"
#include "fetch/target.h"
#include "fetcher/spool.h"
#include "mail/wire_message.h"
#include "maildrop/maildrop.h"

namespace fermo::fetcher {

/// Delivers into a maildrop of Fermo's own. A message brings its unique-id along: the delivery name and a digest of the
/// content. The store refuses a unique-id that the maildrop holds or has held, within the write that would make the
/// message visible, so a message that is given again is there once, or stays deleted when its owner has deleted it
/// meanwhile. Another message under the same name has another digest, and is delivered.
///
/// Messages wait in a file without a name until commit(). Only then is the store reached, so a server may be started,
/// stopped and started again while mail is being fetched.
class MaildropTarget final : public fetch::Target {
 public:
  /// Gives the store, which stays reached as long as the pointer lives. On an error, which is one of fetch::Error,
  /// `why` may say more.
  using Reach = std::function<Result<std::shared_ptr<maildrop::Store>>(std::string& why)>;

  struct Options {
    /// Longer messages are refused.
    Octets message_octets_max{limits::message_octets_max};
    /// The store's folder, whose identity is the mark.
    std::filesystem::path folder;
  };

  /// Errors: unavailable, out_of_space.
  static Result<std::unique_ptr<MaildropTarget>> open(DropId drop, Reach reach, Options options, const Clock& clock);

  /// Knows of what was deleted, too.
  Result<fetch::Presence> find(std::string_view name) override;
  Result<void> begin(const fetch::Incoming& message) override;
  Result<void> append(std::string_view content) override;
  Result<void> end() override;
  void abandon() override;
  Result<void> commit() override;
  Result<std::string> mark() override;
  std::string explanation() const override { return explanation_; }

 private:
  /// A message being written, or ended and not committed.
  struct Entry {
    Entry(std::string of, std::uint64_t at) : name(std::move(of)), begin(at) {}
    std::string name;
    std::uint64_t begin;  ///< In the spool.
    std::uint64_t end = 0;
    mail::WireEncoder encoder{mail::WireEncoder::BareLf::to_crlf};
    mail::WireSummary summary;
    fetch::Sha256 hash;
    std::string digest;
  };

  MaildropTarget(DropId drop, Reach reach, Options options, const Clock& clock, Spool spool)
      : drop_(std::move(drop)),
        reach_(std::move(reach)),
        options_(std::move(options)),
        clock_(clock),
        spool_(std::move(spool)) {}
  Result<std::shared_ptr<maildrop::Store>> reach();
  Result<void> load_names();
  Result<void> spool_wire(Entry& entry);
  Result<void> deliver(maildrop::Store& store, const Entry& entry);

  const DropId drop_;
  const Reach reach_;
  const Options options_;
  const Clock& clock_;
  Spool spool_;
  std::optional<Entry> current_;
  std::string wire_;
  std::vector<Entry> pending_;
  bool names_loaded_ = false;
  std::set<std::string, std::less<>> names_;  ///< Delivered before.
  std::string explanation_;
};

}  // namespace fermo::fetcher
