#include "fetch/reason.h"

#include <algorithm>
#include <array>

namespace fermo::fetch {
namespace {

struct Entry {
  Reason reason;
  std::string_view code;
  std::string_view words;
};

constexpr std::array entries{
    Entry{Reason::none, "none", "nothing has been decided about it"},
    Entry{Reason::is_new, "is-new", "it is new"},
    Entry{Reason::not_delivered_yet, "not-delivered-yet", "it was seen before, but its delivery never ended"},
    Entry{Reason::asked_for, "asked-for", "the whole of it was asked for"},
    Entry{Reason::now_allowed, "now-allowed", "only its head was fetched before, and the limits allow the whole now"},
    Entry{Reason::new_under_known_id, "new-under-known-id",
          "the server gave it the unique-id of another message that was fetched before"},
    Entry{Reason::no_identity, "no-identity",
          "the server offers neither UIDL nor TOP, so only the whole message tells whether it is new"},
    Entry{Reason::headers_only, "headers-only", "the account fetches headers only"},
    Entry{Reason::too_large, "too-large", "it is larger than the limit, so only its head is fetched"},
    Entry{Reason::delivered, "delivered", "it was delivered before, and the account keeps messages on the server"},
    Entry{Reason::head_delivered, "head-delivered", "only its head was delivered, so the whole stays on the server"},
    Entry{Reason::keep_days_not_over, "keep-days-not-over",
          "it was delivered before, and the days to keep it on the server are not over"},
    Entry{Reason::among_newest, "among-newest", "it was delivered before, and it is among the newest that are kept"},
    Entry{Reason::there_locally, "there-locally", "it was delivered before, and the local copy is still there"},
    Entry{Reason::local_state_unknown, "local-state-unknown",
          "it was delivered before, and nobody can say whether the local copy is still there"},
    Entry{Reason::many_gone_locally, "many-gone-locally",
          "its local copy is gone, but so many are gone at once that nothing is deleted without being confirmed"},
    Entry{Reason::before_first_run, "before-first-run",
          "it was on the server before the first run, and the account fetches later messages only"},
    Entry{Reason::fetched_by_other_program, "fetched-by-other-program",
          "another program fetched it before, as its imported state says"},
    Entry{Reason::refused_by_target, "refused-by-target", "the target refused it for good, so it stays on the server"},
    Entry{Reason::later, "later", "it is left for the next run: the limit for one run is reached"},
    Entry{Reason::no_unique_ids_today, "no-unique-ids-today",
          "the server gave unique-ids before and gives none now, so nobody can say which message this is"},
    Entry{Reason::head_needed, "head-needed", "its head must be seen first to tell whether it is known"},
    Entry{Reason::deleted_once_delivered, "deleted-once-delivered",
          "it is deleted on the server as soon as it is delivered"},
    Entry{Reason::delivered_so_deleted, "delivered-so-deleted",
          "it was delivered before, and the account keeps nothing"},
    Entry{Reason::deletion_did_not_hold, "deletion-did-not-hold",
          "it was delivered and deleted before, but the server shows it again"},
    Entry{Reason::keep_days_over, "keep-days-over", "the days to keep it on the server are over"},
    Entry{Reason::beyond_newest, "beyond-newest", "it is no longer among the newest that are kept"},
    Entry{Reason::deleted_locally, "deleted-locally", "its local copy was deleted"},
};

const Entry& entry(Reason reason) {
  const auto found = std::ranges::find(entries, reason, &Entry::reason);
  return found == entries.end() ? entries.front() : *found;
}

}  // namespace

std::string_view words(Reason reason) {
  return entry(reason).words;
}
std::string_view code(Reason reason) {
  return entry(reason).code;
}

Reason reason_of(std::string_view code) {
  const auto found = std::ranges::find(entries, code, &Entry::code);
  return found == entries.end() ? Reason::none : found->reason;
}

}  // namespace fermo::fetch
