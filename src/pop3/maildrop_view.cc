#include "pop3/maildrop_view.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"

namespace fermo::pop3 {

bool MaildropView::is_marked(MessageNumber number) const {
  return number.value() <= marks_.size() && marks_[number.index()];
}

mail::DropListing MaildropView::drop_listing() const {
  // A store whose counters are off by a message must not make a total wrap around.
  const Octets marked = std::min(marked_octets_, opened_.octets);
  return {.messages = opened_.messages - marked_count_, .octets = opened_.octets - marked};
}

void MaildropView::mark(MessageNumber number, Octets octets) {
  FERMO_CHECK(holds(number));
  if (marks_.size() <= number.index()) marks_.resize(number.index() + 1);
  marks_[number.index()] = true;
  marked_octets_ += octets;
  ++marked_count_;
}

void MaildropView::unmark_all() {
  marks_.clear();
  marked_octets_ = {};
  marked_count_ = 0;
}

std::vector<MessageNumber> MaildropView::marked() const {
  std::vector<MessageNumber> numbers;
  numbers.reserve(marked_count_);
  for (std::size_t index = 0; index < marks_.size(); ++index) {
    if (marks_[index]) numbers.push_back(MessageNumber::at_index(index));
  }
  return numbers;
}

MaildropView::Page MaildropView::page_of(MessageNumber number) const {
  FERMO_CHECK(exists(number));
  constexpr auto page_count = limits::scan_listings_at_once_max;
  const std::size_t begin = number.index() / page_count * page_count;
  const auto left = opened_.messages - begin;
  return {.first = MessageNumber::at_index(begin),
          .count = static_cast<std::size_t>(std::min<std::uint64_t>(left, page_count))};
}

bool MaildropView::keep(Page page, std::vector<mail::ScanListing> listings) {
  if (listings.size() != page.count) return false;
  page_first_ = page.first;
  page_ = std::move(listings);
  return true;
}

const mail::ScanListing* MaildropView::find(MessageNumber number) const {
  if (!page_first_ || number < *page_first_) return nullptr;
  const auto offset = number.value() - page_first_->value();
  return offset < page_.size() ? &page_[static_cast<std::size_t>(offset)] : nullptr;
}

}  // namespace fermo::pop3
