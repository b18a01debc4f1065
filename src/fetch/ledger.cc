#include "fetch/ledger.h"

#include <algorithm>
#include <array>
#include <utility>

namespace fermo::fetch {
namespace {

constexpr std::array<std::pair<Standing, std::string_view>, 6> standings{{{Standing::waiting, "waiting"},
                                                                          {Standing::skipped, "skipped"},
                                                                          {Standing::head, "head"},
                                                                          {Standing::whole, "whole"},
                                                                          {Standing::imported, "imported"},
                                                                          {Standing::refused, "refused"}}};

using Outcome = Result<std::optional<Record>>;

bool may_be_deleted(const Record& record) {
  return record.standing == Standing::whole || record.standing == Standing::imported;
}

/// One overload for each change; `record` is there unless the change can do without.
struct Apply {
  std::optional<Record> record;

  Outcome operator()(const change::Seen& seen) {
    if (!record) {
      record.emplace();
      record->key = seen.key;
      record->first_seen = seen.at;
      record->generation = seen.generation;
    }
    record->octets = seen.octets;
    record->position = seen.position;
    record->missing_since.reset();
    record->gone.reset();
    return std::move(record);
  }

  Outcome operator()(const change::Skipped&) {
    if (record->standing != Standing::waiting) return Error::conflict;
    record->standing = Standing::skipped;
    return std::move(record);
  }

  Outcome operator()(const change::Delivered& delivered) {
    if (!delivered.whole && record->standing == Standing::whole) return std::move(record);
    record->standing = delivered.whole ? Standing::whole : Standing::head;
    record->delivered = delivered.at;
    record->delivery_name = delivered.name;
    if (delivered.identity) record->identity = delivered.identity;
    if (delivered.whole) record->whole_wanted = false;
    return std::move(record);
  }

  Outcome operator()(const change::Refused&) {
    if (may_be_deleted(*record)) return Error::conflict;
    record->standing = Standing::refused;
    return std::move(record);
  }

  Outcome operator()(const change::DeletionAsked& asked) {
    if (!may_be_deleted(*record)) return Error::not_delivered;
    record->deletion_asked = asked.at;
    return std::move(record);
  }

  Outcome operator()(const change::Gone& gone) {
    if (!may_be_deleted(*record)) return Error::not_delivered;
    record->gone = gone.at;
    return std::move(record);
  }

  Outcome operator()(const change::Missing& missing) {
    if (!record->missing_since) record->missing_since = missing.since;
    return std::move(record);
  }

  Outcome operator()(const change::WholeWanted& whole) {
    record->whole_wanted = whole.wanted;
    return std::move(record);
  }

  Outcome operator()(const change::Reasoned& reasoned) {
    record->reason = reasoned.reason;
    return std::move(record);
  }

  Outcome operator()(const change::Forgotten&) { return std::optional<Record>(); }

  Outcome operator()(const change::Stored& stored) {
    if (record) return Error::conflict;
    return std::optional<Record>(stored.record);
  }
};

bool makes_its_own(const Change& change) {
  return std::holds_alternative<change::Seen>(change) || std::holds_alternative<change::Stored>(change) ||
         std::holds_alternative<change::Forgotten>(change);
}

}  // namespace

std::string_view code(Standing standing) {
  return std::ranges::find(standings, standing, &std::pair<Standing, std::string_view>::first)->second;
}

std::optional<Standing> standing_of(std::string_view code) {
  const auto found = std::ranges::find(standings, code, &std::pair<Standing, std::string_view>::second);
  if (found == standings.end()) return std::nullopt;
  return found->first;
}

Result<std::optional<Record>> changed(std::optional<Record> record, const Change& change) {
  if (!record && !makes_its_own(change)) return Error::no_such_record;
  return std::visit(Apply{std::move(record)}, change);
}

const std::string& key_of(const Change& change) {
  return std::visit(
      [](const auto& one) -> const std::string& {
        if constexpr (requires { one.record; }) {
          return one.record.key;
        } else {
          return one.key;
        }
      },
      change);
}

}  // namespace fermo::fetch
