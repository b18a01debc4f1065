#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "fetch/ledger.h"
#include "fetch/listing.h"

/// How to poll a large drop whose messages stay on the server, without listing it each time.
namespace fermo::fetch {

/// What a session has to ask for after STAT.
enum class Poll {
  nothing,  ///< The drop is as it was left: QUIT.
  probe,    ///< TailProbe.
  full,     ///< UIDL and LIST of everything.
};

/// `stat` is what the server has just answered. The short cuts are taken only if the last session left nothing to do
/// (AccountState::stat), the unique-ids can be trusted, and a full listing was made within
/// `limits::full_listing_interval`; the rules that look at all messages (age, newest, mirror) therefore act once in
/// that interval. A drop of more than `limits::client_listing_lines_max` messages is not probed.
Poll choose_poll(const AccountState& state, const mail::DropListing& stat, Timestamp now);

/// Finds the messages at the end of a drop that are new since the last listing by asking UIDL for single messages, in
/// two rounds: some 300 spread over the drop, then those after the last one that is known. It stops, and says that
/// everything must be listed, as soon as something does not fit a drop that has only lost some messages and gained some
/// at its end. Pure: the caller asks the server and looks up positions in the ledger. Not thread-safe.
class TailProbe {
 public:
  /// `before` is AccountState::stat, `now` the answer to STAT in this session, `highest_position` that of the last
  /// message known.
  TailProbe(const mail::DropListing& before, const mail::DropListing& now, std::uint64_t highest_position);

  /// Ask UIDL n for each of `uidl` and LIST n for each of `list`, all pipelined, then answer() all.
  struct Ask {
    std::vector<MessageNumber> uidl;
    std::vector<MessageNumber> list;
  };
  /// The new messages; `listing.complete` is false, `position_offset` is set.
  struct Found {
    Listing listing;
    std::uint64_t removed_by_others = 0;  ///< Of those that were there before.
  };
  struct ListAll {
    std::string_view why;  ///< One clause.
  };
  using Step = std::variant<Ask, Found, ListAll>;

  /// What to do next; an Ask must be answered wholly before.
  Step next();

  /// The unique-id that the server gave for a message, and where the ledger has it: Record::position of the record
  /// under this very key, nothing when there is none. An empty unique-id for -ERR.
  void answer_uidl(MessageNumber number, std::string unique_id, std::optional<std::uint64_t> position);
  /// Nothing for -ERR.
  void answer_list(MessageNumber number, std::optional<Octets> octets);

 private:
  struct Answer {
    std::string unique_id;
    std::optional<std::uint64_t> position;
  };

  Ask first_round() const;
  Step second_round();
  Step conclude();
  std::optional<std::string_view> contradiction() const;
  std::uint64_t last_known() const;

  mail::DropListing before_;
  mail::DropListing now_;
  std::uint64_t highest_position_;
  std::map<std::uint64_t, Answer> answers_;
  std::map<std::uint64_t, std::optional<Octets>> octets_;
  unsigned rounds_ = 0;
};

}  // namespace fermo::fetch
