#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "imap/append_core.h"

/// What is done in the open folder.
namespace fermo::imap {
namespace {

using Kind = Status::Kind;

/// RFC 3501 §9, date-time: "02-Jan-2034 10:04:05 +0130".
std::string internal_date(const mail::DateTime& date) {
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const int zone = std::abs(date.zone_minutes);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%02u-%s-%04d %02u:%02u:%02u %c%02d%02d", date.day, months.at(date.month - 1),
                date.year, date.hour, date.minute, date.second, date.zone_minutes < 0 ? '-' : '+', zone / 60,
                zone % 60);
  return text.data();
}

/// What no later time will change (RFC 5530, RFC 4469): everything else may be tried again.
bool is_for_good(const Status& status) {
  return status.kind == Kind::bad || status.code == "TOOBIG" || status.code == "CANNOT";
}

}  // namespace

void AppendSession::Core::begin_order() {
  FERMO_CHECK(idle_);
  idle_ = false;
}

void AppendSession::Core::end_order(Step outcome) {
  push(std::move(outcome));
  idle_ = true;
}

void AppendSession::Core::append(const Append& order) {
  begin_order();
  FERMO_CHECK(order.octets > 0);
  content_left_ = order.octets;
  continuation_awaited_ = true;
  const std::string date = order.date ? " \"" + internal_date(*order.date) + "\"" : "";
  command("APPEND " + folder_ + date + " {" + std::to_string(order.octets) + "}", &Core::take_appended);
}

void AppendSession::Core::content(std::string_view piece) {
  FERMO_CHECK(content_wanted_ && !piece.empty() && piece.size() <= content_left_);
  content_left_ -= piece.size();
  std::string octets(piece);
  if (content_left_ == 0) {
    content_wanted_ = false;
    all_sent_ = true;
    octets += "\r\n";  // ends the command
  }
  push(Send{std::move(octets)});
}

void AppendSession::Core::take_appended(const Status& status) {
  const bool untimely = status.kind == Kind::ok && !all_sent_;
  all_sent_ = false;
  continuation_awaited_ = false;
  if (untimely) return violate("APPEND succeeded before there was a message");
  if (status.kind == Kind::ok) return end_order(Appended{});
  end_order(Refused{is_for_good(status), status.text});
}

void AppendSession::Core::search(const Search& order) {
  begin_order();
  FERMO_CHECK(order.octets > 0 && is_quotable(order.value));
  found_.clear();
  command("UID SEARCH LARGER " + std::to_string(order.octets - 1) + " SMALLER " + std::to_string(order.octets + 1) +
              " HEADER " + quoted(order.field) + " " + quoted(order.value),
          &Core::take_searched);
}

/// A server that cannot search says nothing about what is there.
void AppendSession::Core::take_searched(const Status& status) {
  if (status.kind != Kind::ok) found_.clear();
  end_order(Found{std::exchange(found_, {})});
}

void AppendSession::Core::fetch_header(std::uint32_t uid) {
  begin_order();
  header_.clear();
  header_wanted_ = true;
  command("UID FETCH " + std::to_string(uid) + " BODY.PEEK[HEADER]", &Core::take_fetched);
}

void AppendSession::Core::take_fetched(const Status&) {
  header_wanted_ = false;
  end_order(Header{std::exchange(header_, {})});
}

void AppendSession::Core::logout() {
  begin_order();
  command("LOGOUT", &Core::take_logout);
}

void AppendSession::Core::take_logout(const Status&) {
  close(End::logout);
}

}  // namespace fermo::imap
