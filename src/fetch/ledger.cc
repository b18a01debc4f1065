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

/// One overload for each change that needs a record.
struct Apply {
  Record record;

  Outcome operator()(const change::Skipped&) {
    if (record.standing != Standing::waiting) return Error::conflict;
    record.standing = Standing::skipped;
    return done();
  }

  Outcome operator()(const change::Delivered& delivered) {
    if (!delivered.whole && record.standing == Standing::whole) return done();
    record.standing = delivered.whole ? Standing::whole : Standing::head;
    record.delivered = delivered.at;
    record.delivery_name = delivered.name;
    if (delivered.identity) record.identity = delivered.identity;
    if (delivered.whole) record.whole_wanted = false;
    return done();
  }

  Outcome operator()(const change::Refused&) {
    if (may_be_deleted(record)) return Error::conflict;
    record.standing = Standing::refused;
    return done();
  }

  Outcome operator()(const change::DeletionAsked& asked) {
    if (!may_be_deleted(record)) return Error::not_delivered;
    record.deletion_asked = asked.at;
    return done();
  }

  Outcome operator()(const change::Gone& gone) {
    if (!may_be_deleted(record)) return Error::not_delivered;
    record.gone = gone.at;
    return done();
  }

  Outcome operator()(const change::Missing& missing) {
    if (!record.missing_since) record.missing_since = missing.since;
    return done();
  }

  Outcome operator()(const change::WholeWanted& whole) {
    record.whole_wanted = whole.wanted;
    return done();
  }

  Outcome operator()(const change::Reasoned& reasoned) {
    record.reason = reasoned.reason;
    return done();
  }

  Outcome operator()(const change::Seen& seen) {
    record.octets = seen.octets;
    record.position = seen.position;
    record.missing_since.reset();
    record.gone.reset();
    return done();
  }

  Outcome operator()(const change::Forgotten&) { return std::optional<Record>(); }
  Outcome operator()(const change::Stored&) { return Error::conflict; }

  Outcome done() { return std::optional<Record>(std::move(record)); }
};

/// The same where there is no record.
Outcome begun(const Change& change) {
  if (const auto* stored = std::get_if<change::Stored>(&change)) return std::optional<Record>(*stored->record);
  if (std::holds_alternative<change::Forgotten>(change)) return std::optional<Record>();
  const auto* seen = std::get_if<change::Seen>(&change);
  if (seen == nullptr) return Error::no_such_record;
  Record record;
  record.key = seen->key;
  record.first_seen = seen->at;
  record.generation = seen->generation;
  return Apply{std::move(record)}(*seen);
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

NextChange each_of(std::span<const Change> changes) {
  return [changes]() mutable -> std::optional<Change> {
    if (changes.empty()) return std::nullopt;
    const Change& first = changes.front();
    changes = changes.subspan(1);
    return first;
  };
}

Result<std::optional<Record>> changed(std::optional<Record> record, const Change& change) {
  return record ? std::visit(Apply{std::move(*record)}, change) : begun(change);
}

const std::string& key_of(const Change& change) {
  return std::visit(
      [](const auto& one) -> const std::string& {
        if constexpr (requires { one.record; }) {
          return one.record->key;
        } else {
          return one.key;
        }
      },
      change);
}

}  // namespace fermo::fetch
