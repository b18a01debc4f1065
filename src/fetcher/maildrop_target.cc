#include "fetcher/maildrop_target.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "fetcher/delivery_name.h"
#include "fetcher/folder_mark.h"
#include "maildrop/error.h"

namespace fermo::fetcher {
namespace {

using fetch::Error;
using fetch::Presence;

/// 88 bits: nobody meets two contents of one name by chance, and name, dot and digest fit into a unique-id.
constexpr std::size_t digest_digits = 22;

Error from_store(const error_code& error) {
  if (error == maildrop::Error::out_of_space) return Error::out_of_space;
  if (error == maildrop::Error::corrupt) return Error::corrupt;
  if (error == maildrop::Error::unsupported) return Error::misused;
  return Error::unavailable;
}

}  // namespace

Result<std::unique_ptr<MaildropTarget>> MaildropTarget::open(DropId drop, Reach reach, Options options,
                                                             const Clock& clock) {
  auto spool = Spool::make();
  if (!spool) return spool.error();
  return std::unique_ptr<MaildropTarget>(
      new MaildropTarget(std::move(drop), std::move(reach), std::move(options), clock, std::move(*spool)));
}

Result<std::shared_ptr<maildrop::Store>> MaildropTarget::reach() {
  explanation_.clear();
  return reach_(explanation_);
}

Result<void> MaildropTarget::load_names() {
  if (names_loaded_) return {};
  const auto store = reach();
  if (!store) return store.error();
  auto after = mail::UniqueId::from(delivery_name_prefix);
  for (bool more = true; more;) {
    const auto page = (*store)->list_imported(drop_, after, limits::scan_listings_at_once_max);
    if (!page) return from_store(page.error());
    for (const mail::UniqueId& unique_id : *page) {
      more = unique_id.text().starts_with(delivery_name_prefix);
      if (!more) break;
      names_.insert(unique_id.text().substr(0, unique_id.text().rfind('.')));
    }
    more = more && page->size() == limits::scan_listings_at_once_max;
    if (more) after = page->back();
  }
  names_loaded_ = true;
  return {};
}

Result<Presence> MaildropTarget::find(std::string_view name) {
  if (auto loaded = load_names(); !loaded) return loaded.error();
  return names_.contains(name) ? Presence::present : Presence::absent;
}

Result<void> MaildropTarget::begin(const fetch::Incoming& message) {
  FERMO_CHECK(!current_);
  explanation_.clear();
  current_.emplace(message.name, spool_.octets());
  return {};
}

Result<void> MaildropTarget::append(std::string_view content) {
  FERMO_CHECK(current_.has_value());
  // What is refused in the end need not fill the disk.
  if (current_->encoder.octets() > options_.message_octets_max) return {};
  current_->encoder.encode(content, wire_);
  return spool_wire(*current_);
}

Result<void> MaildropTarget::spool_wire(Entry& entry) {
  entry.hash.update(wire_);
  auto added = spool_.add(wire_);
  wire_.clear();
  return added;
}

Result<void> MaildropTarget::end() {
  FERMO_CHECK(current_.has_value());
  if (current_->encoder.octets() > options_.message_octets_max) {
    explanation_ = "the message is longer than limits.message_octets_max of the maildrop allows (" +
                   std::to_string(options_.message_octets_max.value) + " octets)";
    abandon();
    return Error::refused;
  }
  current_->summary = current_->encoder.finish(wire_);
  if (auto spooled = spool_wire(*current_); !spooled) return spooled;
  current_->digest = current_->hash.hexadecimal(digest_digits);
  current_->end = spool_.octets();
  pending_.push_back(std::move(*current_));
  current_.reset();
  return {};
}

void MaildropTarget::abandon() {
  if (!current_) return;
  static_cast<void>(spool_.cut(current_->begin));
  current_.reset();
}

Result<void> MaildropTarget::commit() {
  FERMO_CHECK(!current_);
  if (pending_.empty()) return {};
  if (auto flushed = spool_.flush(); !flushed) return flushed;
  const auto store = reach();
  if (!store) return store.error();
  for (const Entry& entry : pending_) {
    if (auto delivered = deliver(**store, entry); !delivered) return delivered;
  }
  if (names_loaded_) {
    for (const Entry& entry : pending_) names_.insert(entry.name);
  }
  pending_.clear();
  return spool_.cut(0);
}

Result<void> MaildropTarget::deliver(maildrop::Store& store, const Entry& entry) {
  const auto unique_id = mail::UniqueId::from(entry.name + "." + entry.digest);
  if (!unique_id) return Error::misused;
  const auto delivery = store.begin_delivery();
  if (!delivery) return from_store(delivery.error());
  for (std::uint64_t at = entry.begin; at < entry.end;) {
    const auto octets = std::min<std::uint64_t>(entry.end - at, limits::message_piece_octets_max);
    const auto piece = spool_.read(at, static_cast<std::size_t>(octets));
    if (!piece) return piece.error();
    if (piece->empty()) return Error::unavailable;
    if (const auto appended = (*delivery)->append(*piece); !appended) return from_store(appended.error());
    at += piece->size();
  }
  const std::vector<maildrop::Recipient> recipients{{drop_, {}, unique_id}};
  const auto finished = (*delivery)->finish(entry.summary, recipients, clock_.now());
  if (finished || finished.error() == maildrop::Error::duplicate) return {};
  return from_store(finished.error());
}

Result<std::string> MaildropTarget::mark() {
  auto mark = folder_mark(options_.folder);
  if (mark) *mark += " " + drop_.text();
  return mark;
}

}  // namespace fermo::fetcher
