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

MaildropView& ServerSession::Core::maildrop() {
  FERMO_CHECK(maildrop_.has_value());
  return *maildrop_;
}

// --- Arguments -------------------------------------------------------------------------------------------------------

std::optional<MessageNumber> ServerSession::Core::held_message(std::string_view word) {
  const auto value = parse_number(word);
  if (!value) {
    refuse("Malformed message-number");
    return std::nullopt;
  }
  const auto number = MessageNumber::from(*value);
  if (number && maildrop().holds(*number)) return number;
  refuse(number && maildrop().is_marked(*number) ? "Message is marked as deleted" : "No such message");
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
  const auto listing = maildrop().drop_listing();
  send(ok(std::to_string(listing.messages) + " " + std::to_string(listing.octets.value)));
}

void ServerSession::Core::noop(std::string_view argument) {
  if (without_argument(argument)) send(ok());
}

void ServerSession::Core::rset(std::string_view argument) {
  if (!without_argument(argument)) return;
  maildrop().unmark_all();
  send(ok("Maildrop has " + counted(maildrop().drop_listing())));
}

// --- LIST and UIDL ---------------------------------------------------------------------------------------------------

void ServerSession::Core::list(std::string_view argument) {
  if (split_words(argument).empty()) return begin_listing(ok(counted(maildrop().drop_listing())), scan_line);
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
void ServerSession::Core::continue_listing(Listing& listing) {
  if (const auto next = MessageNumber::at_index(listing.listed); maildrop().exists(next)) {
    if (!maildrop().find(next)) return ask_for_page(next);
    append_listed(listing, maildrop().page_of(next));
  }
  const bool more = maildrop().exists(MessageNumber::at_index(listing.listed));
  if (!more) listing.octets.append(end_of_lines);
  if (!listing.octets.empty()) send(std::exchange(listing.octets, {}));
  if (!more) listing_.reset();
}

void ServerSession::Core::append_listed(Listing& listing, MaildropView::Page page) {
  for (const auto end = listing.listed + page.count; listing.listed < end; ++listing.listed) {
    const auto number = MessageNumber::at_index(listing.listed);
    if (!maildrop().holds(number)) continue;
    listing.octets.append(listing.line(number, *maildrop().find(number))).append("\r\n");
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
  const auto page = maildrop().page_of(number);
  page_asked_ = page;
  push(ReadScanListings{.first = page.first, .count = page.count});
}

void ServerSession::Core::with_scan_listing(MessageNumber number, Use use) {
  if (const auto* listing = maildrop().find(number)) return (this->*use)(number, *listing);
  wanted_ = Wanted{.number = number, .use = use};
  ask_for_page(number);
}

void ServerSession::Core::answer(ScanListings outcome) {
  settle(Awaited::scan_listings);
  if (!outcome.listings) return fail_listing(outcome.listings.error());
  FERMO_CHECK(page_asked_.has_value());
  if (!maildrop().keep(*page_asked_, std::move(*outcome.listings))) return fail_listing(listing_is_damaged());
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
  maildrop().mark(number, listing.octets);
  send(ok("Marked as deleted"));
}

void ServerSession::Core::quit(std::string_view argument) {
  if (!without_argument(argument)) return;
  if (maildrop().any_marked()) return push(Commit{maildrop().marked()});
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
  record_.deleted = maildrop().marked_count();
  send(ok("Goodbye"));
  close(End::quit);
}

}  // namespace fermo::pop3
