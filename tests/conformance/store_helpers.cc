#include "conformance/store_helpers.h"

#include <algorithm>
#include <random>

#include "base/limits.h"

namespace fermo::conformance {
namespace {

constexpr Timestamp received_at{std::chrono::seconds(1'700'000'000)};

void check(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

}  // namespace

void done(const Result<void>& result) {
  if (result.has_error()) throw std::runtime_error(result.error().message());
}

DropId drop(std::string_view name) {
  return DropId::from(name).value();
}

maildrop::Recipient recipient(std::string_view drop_name, std::string trace_fields,
                              std::optional<std::string_view> unique_id) {
  maildrop::Recipient made{drop(drop_name), std::move(trace_fields), std::nullopt};
  if (unique_id) made.unique_id = mail::UniqueId::from(*unique_id).value();
  return made;
}

std::string wire_message(std::uint64_t seed, std::size_t octets) {
  std::mt19937_64 random(seed);
  std::string wire = "Subject: " + std::to_string(seed) + "\r\n\r\n";
  while (wire.size() < octets) {
    if (random() % 8 == 0) wire += "..";
    wire += std::to_string(random());
    wire.append(random() % 80, static_cast<char>('a' + random() % 26));
    wire += "\r\n";
  }
  wire.resize(octets);
  if (octets >= 2) wire.replace(octets - 2, 2, "\r\n");
  return wire;
}

mail::WireSummary summary_of(std::string_view wire) {
  mail::WireSummary summary;
  summary.wire_octets.value = wire.size();
  summary.octets.value = wire.size();
  bool at_line_start = true;
  for (const char c : wire) {
    if (at_line_start && c == '.') --summary.octets.value;
    at_line_start = c == '\n';
  }
  const std::size_t blank = wire.starts_with("\r\n") ? 0 : wire.find("\r\n\r\n");
  const std::size_t header = blank == std::string_view::npos ? wire.size() : blank + (blank == 0 ? 2 : 4);
  summary.header_wire_octets.value = header;
  return summary;
}

Result<std::vector<mail::UniqueId>> try_deliver(maildrop::Store& store, std::string_view wire,
                                                const std::vector<maildrop::Recipient>& recipients) {
  auto delivery = store.begin_delivery();
  if (delivery.has_error()) return delivery.error();
  for (std::size_t at = 0; at < wire.size(); at += limits::message_piece_octets_max) {
    const auto appended = (*delivery)->append(wire.substr(at, limits::message_piece_octets_max));
    if (appended.has_error()) return appended.error();
  }
  return (*delivery)->finish(summary_of(wire), recipients, received_at);
}

std::vector<mail::UniqueId> deliver(maildrop::Store& store, std::string_view wire,
                                    const std::vector<maildrop::Recipient>& recipients) {
  return value_of(try_deliver(store, wire, recipients));
}

mail::UniqueId deliver(maildrop::Store& store, std::string_view wire, std::string_view drop_name) {
  return deliver(store, wire, {recipient(drop_name)}).at(0);
}

std::vector<mail::ScanListing> whole_listing(maildrop::Snapshot& snapshot) {
  std::vector<mail::ScanListing> whole;
  for (;;) {
    const auto page =
        value_of(snapshot.scan_listings(MessageNumber::at_index(whole.size()), limits::scan_listings_at_once_max));
    whole.insert(whole.end(), page.begin(), page.end());
    if (page.size() < limits::scan_listings_at_once_max) return whole;
  }
}

mail::DropListing counted(const std::vector<mail::ScanListing>& listing) {
  mail::DropListing counted;
  for (const mail::ScanListing& message : listing) {
    ++counted.messages;
    counted.octets += message.octets;
  }
  return counted;
}

Result<std::string> try_read(maildrop::Snapshot& snapshot, std::size_t number) {
  auto cursor = snapshot.read(MessageNumber::from(number).value());
  if (cursor.has_error()) return cursor.error();
  std::string whole;
  for (std::string piece;;) {
    const auto more = (*cursor)->next(piece);
    if (more.has_error()) return more.error();
    if (!*more) break;
    check(!piece.empty() && piece.size() <= limits::message_piece_octets_max, "a piece has a size out of bounds");
    whole += piece;
  }
  check((*cursor)->summary() == summary_of(whole), "the summary does not match what was read");
  return whole;
}

std::string read(maildrop::Snapshot& snapshot, std::size_t number) {
  return value_of(try_read(snapshot, number));
}

std::vector<std::string> contents(maildrop::Store& store, std::string_view drop_name) {
  const auto snapshot = value_of(store.open(drop(drop_name)));
  std::vector<std::string> all;
  const std::size_t messages = whole_listing(*snapshot).size();
  for (std::size_t number = 1; number <= messages; ++number) all.push_back(read(*snapshot, number));
  return all;
}

mail::DropListing drop_listing(maildrop::Store& store, std::string_view drop_name) {
  return value_of(store.open(drop(drop_name)))->drop_listing();
}

void erase(maildrop::Store& store, std::string_view drop_name, const std::vector<std::size_t>& values) {
  done(value_of(store.open(drop(drop_name)))->commit_deletions(numbers(values)));
}

void erase_all(maildrop::Store& store, std::string_view drop_name) {
  const auto snapshot = value_of(store.open(drop(drop_name)));
  std::vector<MessageNumber> all;
  for (std::size_t index = 0; index < snapshot->drop_listing().messages; ++index) {
    all.push_back(MessageNumber::at_index(index));
  }
  done(snapshot->commit_deletions(all));
}

std::vector<MessageNumber> numbers(const std::vector<std::size_t>& values) {
  std::vector<MessageNumber> made;
  for (const std::size_t value : values) made.push_back(MessageNumber::from(value).value());
  return made;
}

}  // namespace fermo::conformance
