#include "base/check.h"
#include "base/failure.h"
#include "pop3/failure_reply.h"
#include "pop3/reply.h"
#include "pop3/server_core.h"

/// The TRANSACTION state (RFC 1939 §5, §7) and the UPDATE that QUIT brings (§6).
namespace fermo::pop3 {
namespace {

std::string scan_line(MessageNumber number, const mail::ScanListing& listing) {
  return std::to_string(number.value()) + " " + std::to_string(listing.octets.value);
}

std::string unique_id_line(MessageNumber number, const mail::ScanListing& listing) {
  return std::to_string(number.value()) + " " + listing.unique_id.text();
}

/// A store that gives fewer scan listings than it has messages.
error_code listing_is_damaged() {
  return {static_cast<int>(Failure::permanent), failure_category()};
}

}  // namespace

// --- Arguments -------------------------------------------------------------------------------------------------------

std::optional<MessageNumber> ServerSession::Core::held_message(std::string_view word) {
  const auto value = parse_number(word);
  if (!value) {
    refuse("Malformed message-number");
    return std::nullopt;
  }
  const auto number = MessageNumber::from(*value);
  if (number && maildrop_->holds(*number)) return number;
  refuse(number && maildrop_->is_marked(*number) ? "Message is marked as deleted" : "No such message");
  return std::nullopt;
}

std::optional<MessageNumber> ServerSession::Core::only_message(std::string_view argument) {
  const auto words = split_words(argument);
  if (words.size() == 1) return held_message(words[0]);
  refuse("One message-number expected");
  return std::nullopt;
}

// --- Commands about the whole maildrop -------------------------------------------------------------------------------

void ServerSession::Core::stat(std::string_view argument) {
  if (!without_argument(argument)) return;
  const auto listing = maildrop_->drop_listing();
  send(ok(std::to_string(listing.messages) + " " + std::to_string(listing.octets.value)));
}

void ServerSession::Core::noop(std::string_view argument) {
  if (without_argument(argument)) send(ok());
}

void ServerSession::Core::rset(std::string_view argument) {
  if (!without_argument(argument)) return;
  maildrop_->unmark_all();
  send(ok("Maildrop has " + counted(maildrop_->drop_listing())));
}

// --- LIST and UIDL ---------------------------------------------------------------------------------------------------

void ServerSession::Core::list(std::string_view argument) {
  if (split_words(argument).empty()) return begin_listing(ok(counted(maildrop_->drop_listing())), scan_line);
  if (const auto number = only_message(argument)) with_scan_listing(*number, &Core::send_scan_listing);
}

void ServerSession::Core::uidl(std::string_view argument) {
  if (split_words(argument).empty()) return begin_listing(ok("Unique-ids follow"), unique_id_line);
  if (const auto number = only_message(argument)) with_scan_listing(*number, &Core::send_unique_id);
}

void ServerSession::Core::send_scan_listing(MessageNumber number, const mail::ScanListing& listing) {
  send(ok(scan_line(number, listing)));
}

void ServerSession::Core::send_unique_id(MessageNumber number, const mail::ScanListing& listing) {
  send(ok(unique_id_line(number, listing)));
}

void ServerSession::Core::begin_listing(std::string head, Line line) {
  listing_ = Listing{.listed = 0, .line = line, .octets = std::move(head)};
}

/// One page, or the question for it. The terminating line goes with the last page.
void ServerSession::Core::continue_listing() {
  if (const auto next = MessageNumber::at_index(listing_->listed); maildrop_->exists(next)) {
    if (!maildrop_->find(next)) return ask_for_page(next);
    append_listed(maildrop_->page_of(next));
  }
  const bool more = maildrop_->exists(MessageNumber::at_index(listing_->listed));
  if (!more) listing_->octets.append(end_of_lines);
  if (!listing_->octets.empty()) send(std::exchange(listing_->octets, {}));
  if (!more) listing_.reset();
}

void ServerSession::Core::append_listed(MaildropView::Page page) {
  for (const auto end = listing_->listed + page.count; listing_->listed < end; ++listing_->listed) {
    const auto number = MessageNumber::at_index(listing_->listed);
    if (!maildrop_->holds(number)) continue;
    listing_->octets.append(listing_->line(number, *maildrop_->find(number))).append("\r\n");
  }
}

void ServerSession::Core::fail_listing(const error_code& error) {
  const bool begun = listing_ && listing_->listed != 0;
  listing_.reset();
  wanted_.reset();
  // A listing that breaks off must not look whole: its terminating line is never sent.
  if (begun) return close(End::failure);
  send_error(failure_reply(error, "The listing cannot be read"));
}

// --- Scan listings ---------------------------------------------------------------------------------------------------

void ServerSession::Core::ask_for_page(MessageNumber number) {
  page_asked_ = maildrop_->page_of(number);
  push(ReadScanListings{.first = page_asked_->first, .count = page_asked_->count});
}

void ServerSession::Core::with_scan_listing(MessageNumber number, Use use) {
  if (const auto* listing = maildrop_->find(number)) return (this->*use)(number, *listing);
  wanted_ = Wanted{.number = number, .use = use};
  ask_for_page(number);
}

void ServerSession::Core::answer(ScanListings outcome) {
  settle(Awaited::scan_listings);
  if (!outcome.listings) return fail_listing(outcome.listings.error());
  if (!maildrop_->keep(*page_asked_, std::move(*outcome.listings))) return fail_listing(listing_is_damaged());
  if (const auto wanted = std::exchange(wanted_, std::nullopt)) with_scan_listing(wanted->number, wanted->use);
}

// --- RETR and TOP ----------------------------------------------------------------------------------------------------

void ServerSession::Core::retr(std::string_view argument) {
  if (const auto number = only_message(argument)) with_scan_listing(*number, &Core::send_message);
}

void ServerSession::Core::send_message(MessageNumber number, const mail::ScanListing& listing) {
  sending_whole_ = true;
  push(SendMessage{
      .number = number, .preface = ok(std::to_string(listing.octets.value) + " octets"), .body_lines = std::nullopt});
}

void ServerSession::Core::top(std::string_view argument) {
  const auto words = split_words(argument);
  if (words.size() != 2) return refuse("Message-number and number of lines expected");
  const auto body_lines = parse_number(words[1]);
  if (!body_lines) return refuse("Malformed number of lines");
  const auto number = held_message(words[0]);
  if (!number) return;
  sending_whole_ = false;
  push(SendMessage{.number = *number, .preface = ok("Top of message follows"), .body_lines = body_lines});
}

void ServerSession::Core::answer(MessageSent outcome) {
  settle(Awaited::message);
  if (outcome.outcome) {
    ++(sending_whole_ ? record_.retrieved : record_.topped);
    return send(std::string(end_of_lines));
  }
  // Half a message must not look whole: no terminating line, and nothing else that a client could take for its rest.
  if (outcome.begun) return close(End::failure);
  send_error(failure_reply(outcome.outcome.error(), "The message cannot be read"));
}

// --- DELE and QUIT ---------------------------------------------------------------------------------------------------

void ServerSession::Core::dele(std::string_view argument) {
  if (const auto number = only_message(argument)) with_scan_listing(*number, &Core::mark);
}

void ServerSession::Core::mark(MessageNumber number, const mail::ScanListing& listing) {
  maildrop_->mark(number, listing.octets);
  send(ok("Marked as deleted"));
}

void ServerSession::Core::quit(std::string_view argument) {
  if (!without_argument(argument)) return;
  if (maildrop_->any_marked()) return push(Commit{maildrop_->marked()});
  send(ok("Goodbye"));
  close(End::quit);
}

void ServerSession::Core::answer(Committed outcome) {
  settle(Awaited::commit);
  if (!outcome.outcome) {
    // RFC 1939 §6 has these words and closes the connection either way.
    send_error(failure_reply(outcome.outcome.error(), "Some deleted messages not removed"));
    return close(End::failure);
  }
  record_.deleted = maildrop_->marked_count();
  send(ok("Goodbye"));
  close(End::quit);
}

}  // namespace fermo::pop3
