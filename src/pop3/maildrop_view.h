#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "mail/listing.h"

namespace fermo::pop3 {

/// The maildrop as one session in TRANSACTION sees it: what there was at login, which messages are marked as deleted,
/// and the one page of scan listings that was asked for last. Numbers never change (RFC 1939 §4).
class MaildropView {
 public:
  /// A run of messages whose scan listings are asked for together.
  struct Page {
    MessageNumber first;
    std::size_t count;
    friend bool operator==(const Page&, const Page&) = default;
  };

  explicit MaildropView(mail::DropListing opened) : opened_(opened) {}

  bool exists(MessageNumber number) const { return number.value() <= opened_.messages; }
  bool is_marked(MessageNumber number) const;
  /// `number` exists and is not marked.
  bool holds(MessageNumber number) const { return exists(number) && !is_marked(number); }

  /// Without what is marked.
  mail::DropListing drop_listing() const;

  /// `number` is held, and its octets are as listed.
  void mark(MessageNumber number, Octets octets);
  void unmark_all();
  bool any_marked() const { return marked_count_ != 0; }
  std::uint64_t marked_count() const { return marked_count_; }
  /// Ascending.
  std::vector<MessageNumber> marked() const;

  /// The page that `number`, which exists, stands on.
  Page page_of(MessageNumber number) const;
  /// Keeps this page and forgets the one before. False, and nothing kept, when there are fewer or more listings than
  /// the page has.
  bool keep(Page page, std::vector<mail::ScanListing> listings);
  /// Nothing when the page kept is another one. Lives until the next keep().
  const mail::ScanListing* find(MessageNumber number) const;

 private:
  mail::DropListing opened_;
  Octets marked_octets_;
  std::uint64_t marked_count_ = 0;
  std::vector<bool> marks_;  ///< By index; empty until the first DELE, since most sessions mark nothing.
  std::optional<MessageNumber> page_first_;
  std::vector<mail::ScanListing> page_;
};

}  // namespace fermo::pop3
