#include "pop3/client_listing.h"

#include <algorithm>

namespace fermo::pop3::client {
namespace {

std::optional<std::uint64_t> number_at(const std::vector<std::string_view>& words, std::size_t index) {
  return index < words.size() ? parse_number(words[index]) : std::nullopt;
}

std::optional<MessageNumber> message_number_at(const std::vector<std::string_view>& words, std::size_t index) {
  const auto number = number_at(words, index);
  return number ? MessageNumber::from(*number) : std::nullopt;
}

}  // namespace

std::optional<mail::DropListing> parse_drop_listing(std::string_view text) {
  const auto words = split_words(text);
  const auto messages = number_at(words, 0);
  const auto octets = number_at(words, 1);
  if (!messages || !octets) return std::nullopt;
  return mail::DropListing{.messages = *messages, .octets = {*octets}};
}

std::optional<ScanListings::Entry> parse_scan_listing(std::string_view text) {
  const auto words = split_words(text);
  const auto number = message_number_at(words, 0);
  const auto octets = number_at(words, 1);
  if (!number || !octets) return std::nullopt;
  return ScanListings::Entry{*number, {*octets}};
}

std::optional<UniqueIds::Entry> parse_unique_id(std::string_view text) {
  const auto words = split_words(text);
  const auto number = message_number_at(words, 0);
  if (!number) return std::nullopt;
  if (words.size() == 1) return UniqueIds::Entry{*number, {}};
  const char* const end = words.back().data() + words.back().size();
  const std::string_view unique_id(words[1].data(), static_cast<std::size_t>(end - words[1].data()));
  if (unique_id.size() > limits::remote_unique_id_octets_max) return UniqueIds::Entry{*number, {}};
  return UniqueIds::Entry{*number, std::string(unique_id)};
}

std::optional<Octets> announced_octets(std::string_view text) {
  const auto words = split_words(text);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    std::string_view number = words[i];
    if (number.starts_with('(')) number.remove_prefix(1);
    if (!equal_ignoring_case(words[i + 1].substr(0, 5), "octet")) continue;
    if (const auto octets = parse_number(number)) return Octets{*octets};
  }
  return std::nullopt;
}

std::uint64_t listing_lines_max(const std::optional<mail::DropListing>& stat) {
  if (!stat) return limits::client_listing_lines_untold_max;
  return std::min(stat->messages, limits::client_listing_lines_max) + limits::client_listing_lines_spare;
}

}  // namespace fermo::pop3::client
