#include <utility>

#include "base/check.h"
#include "pop3/client_core.h"
#include "pop3/client_listing.h"

/// The TRANSACTION state (RFC 1939 §5) and QUIT: what each reply to an order leads to.
namespace fermo::pop3::client {

const Order& Core::current_order() const {
  FERMO_CHECK(!exchanges_.empty() && exchanges_.front().order);
  return *exchanges_.front().order;
}

void Core::take_order(const Reply& reply) {
  const Order order = current_order();
  if (order.verb == Verb::quit) return take_quit(reply);
  if (reply.kind == Reply::Kind::ok) return take_order_done(order, reply);
  end_exchange();
  push(OrderRefused{.order = order, .code = reply.code, .text = cleaned(reply.text)});
}

void Core::take_order_done(const Order& order, const Reply& reply) {
  switch (order.verb) {
    case Verb::stat:
      return take_status(reply);
    case Verb::list:
    case Verb::uidl:
      return order.message ? take_one_line(order, reply) : begin_listing();
    case Verb::retr:
    case Verb::top:
      return begin_message(order, reply);
    case Verb::dele:
      ++marked_;
      break;
    case Verb::rset:
      marked_ = 0;
      break;
    default:
      break;
  }
  end_exchange();
  push(OrderDone{order});
}

void Core::take_quit(const Reply& reply) {
  if (reply.kind == Reply::Kind::ok) record_.deleted = marked_;
  close(reply.kind == Reply::Kind::ok ? End::quit : End::quit_failed, &reply);
}

// --- Numbers ---------------------------------------------------------------------------------------------------------

void Core::take_status(const Reply& reply) {
  const auto listing = parse_drop_listing(reply.text);
  if (!listing) return violate("the answer to STAT makes no sense: " + cleaned(reply.text));
  stat_ = *listing;
  end_exchange();
  push(Status{*listing});
}

/// `LIST n` and `UIDL n`. An answer for another message means that answers no longer belong to their commands.
void Core::take_one_line(const Order& order, const Reply& reply) {
  const auto scan_listing = order.verb == Verb::list ? parse_scan_listing(reply.text) : std::nullopt;
  auto unique_id = order.verb == Verb::uidl ? parse_unique_id(reply.text) : std::nullopt;
  const auto number = scan_listing ? std::optional(scan_listing->number)
                                   : (unique_id ? std::optional(unique_id->number) : std::nullopt);
  if (number != order.message) return violate("the answer does not fit its command: " + cleaned(reply.text));
  end_exchange();
  if (scan_listing) return push(ScanListings{{*scan_listing}});
  push(UniqueIds{{std::move(*unique_id)}});
}

void Core::begin_listing() {
  input_ = Input::listing;
  listing_lines_ = 0;
  listing_octets_ = 0;
  unusable_lines_ = 0;
}

void Core::take_listing_line(std::string_view line) {
  if (line != ".") return take_listed(line);
  push_listed();
  const Verb verb = current_order().verb;
  end_exchange();
  push(ListingEnded{.verb = verb, .unusable_lines = unusable_lines_});
}

void Core::take_listed(std::string_view line) {
  if (++listing_lines_ > listing_lines_max(stat_)) return violate("a listing has no end");
  listing_octets_ += line.size();
  if (listing_octets_ > settings_.listing_octets_max) return violate("a listing has too many octets");
  if (current_order().verb == Verb::list) {
    const auto entry = parse_scan_listing(line);
    entry ? scan_listings_.entries.push_back(*entry) : void(++unusable_lines_);
  } else {
    auto entry = parse_unique_id(line);
    entry ? unique_ids_.entries.push_back(std::move(*entry)) : void(++unusable_lines_);
  }
  const auto entries = scan_listings_.entries.size() + unique_ids_.entries.size();
  if (entries == limits::client_listing_entries_at_once_max) push_listed();
}

void Core::push_listed() {
  if (!scan_listings_.entries.empty()) push(std::exchange(scan_listings_, {}));
  if (!unique_ids_.entries.empty()) push(std::exchange(unique_ids_, {}));
}

// --- Messages --------------------------------------------------------------------------------------------------------

void Core::begin_message(const Order& order, const Reply& reply) {
  input_ = Input::message;
  decoder_ = mail::DotDecoder();
  message_octets_ = {};
  push(MessageBegun{.order = order, .announced = announced_octets(reply.text)});
}

void Core::read_message() {
  const auto input = splitter_.peek().substr(0, limits::message_piece_octets_max);
  if (input.empty()) return wait_for_input();
  MessagePiece piece;
  piece.octets.reserve(input.size());
  const auto progress = decoder_.decode(input, piece.octets);
  splitter_.take(progress.consumed);
  message_octets_ += Octets{piece.octets.size()};
  if (message_octets_.value > settings_.message_octets_max) return close(End::message_too_large);
  // What comes after a short message is in the input as well, and pieces may wait by the hundred.
  if (piece.octets.size() < piece.octets.capacity() / 2) piece.octets.shrink_to_fit();
  if (!piece.octets.empty()) push(std::move(piece));
  if (progress.ended) end_message();
}

void Core::end_message() {
  const Order order = current_order();
  ++(order.verb == Verb::retr ? record_.retrieved : record_.topped);
  record_.octets += message_octets_;
  end_exchange();
  push(MessageEnded{.order = order, .octets = message_octets_});
}

}  // namespace fermo::pop3::client
