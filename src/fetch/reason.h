#pragma once

#include <string_view>

namespace fermo::fetch {

/// Why a message is fetched, deleted or left where it is. Kept in the ledger, so that `fermo fetch explain` can say it
/// later.
enum class Reason {
  none,
  // What is fetched.
  is_new,
  not_delivered_yet,
  asked_for,
  now_allowed,
  new_under_known_id,
  no_identity,
  // What is fetched in part.
  headers_only,
  too_large,
  // What is left.
  delivered,
  head_delivered,
  keep_days_not_over,
  among_newest,
  there_locally,
  local_state_unknown,
  many_gone_locally,
  before_first_run,
  fetched_by_other_program,
  refused_by_target,
  later,
  no_unique_ids_today,
  head_needed,
  // What is deleted.
  deleted_once_delivered,
  delivered_so_deleted,
  deletion_did_not_hold,
  keep_days_over,
  beyond_newest,
  deleted_locally,
};

/// One clause for a person: "it was delivered before, and the account keeps messages on the server".
std::string_view words(Reason reason);

/// A short name that stays the same for ever, as it stands in the ledger and in JSON: "is-new".
std::string_view code(Reason reason);
/// The reason of that name; none for an unknown name.
Reason reason_of(std::string_view code);

}  // namespace fermo::fetch
