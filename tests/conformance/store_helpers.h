#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "maildrop/maildrop.h"

/// What tests of stores do again and again. Failures throw, which fails the test with the reason.
namespace fermo::conformance {

/// The value, or an exception with the reason.
template <class T>
T value_of(Result<T> result) {
  if (result.has_error()) throw std::runtime_error(result.error().message());
  return std::move(result).value();
}
void done(const Result<void>& result);

DropId drop(std::string_view name);
maildrop::Recipient recipient(std::string_view drop_name, std::string trace_fields = {},
                              std::optional<std::string_view> unique_id = std::nullopt);

/// A message in wire form of about `octets`, the same for the same seed; some lines are byte-stuffed.
std::string wire_message(std::uint64_t seed, std::size_t octets);
/// Found by a plain look at the whole message, not by the encoder.
mail::WireSummary summary_of(std::string_view wire);

Result<std::vector<mail::UniqueId>> try_deliver(maildrop::Store& store, std::string_view wire,
                                                const std::vector<maildrop::Recipient>& recipients);
std::vector<mail::UniqueId> deliver(maildrop::Store& store, std::string_view wire,
                                    const std::vector<maildrop::Recipient>& recipients);
mail::UniqueId deliver(maildrop::Store& store, std::string_view wire, std::string_view drop_name);

std::vector<mail::ScanListing> whole_listing(maildrop::Snapshot& snapshot);
mail::DropListing counted(const std::vector<mail::ScanListing>& listing);
/// Every octet of a message, or why it could not be read. Checks the size of each piece and the summary.
Result<std::string> try_read(maildrop::Snapshot& snapshot, std::size_t number);
std::string read(maildrop::Snapshot& snapshot, std::size_t number);
/// Every message of a drop, as a new session sees it.
std::vector<std::string> contents(maildrop::Store& store, std::string_view drop_name);
mail::DropListing drop_listing(maildrop::Store& store, std::string_view drop_name);

/// Deletes the messages with these numbers in a session of its own.
void erase(maildrop::Store& store, std::string_view drop_name, const std::vector<std::size_t>& numbers);
void erase_all(maildrop::Store& store, std::string_view drop_name);
std::vector<MessageNumber> numbers(const std::vector<std::size_t>& values);

}  // namespace fermo::conformance
