#include "fetcher/imap_target.h"

#include <utility>
#include <variant>

#include "base/limits.h"
#include "imap/response.h"
#include "mail/date_time.h"
#include "mail/header_field.h"

namespace fermo::fetcher {
namespace {

using fetch::Error;
using fetch::Presence;
using imap::Close;
using imap::End;

/// The header with the blank line that ends it; empty when it is longer than can be compared.
std::string header_of(const std::string& head) {
  if (head.starts_with("\r\n")) return "\r\n";
  const auto end = head.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : head.substr(0, end + 4);
}

/// What the message can be searched by.
std::optional<imap::Search> search_for(const std::string& head, std::uint64_t octets) {
  for (const char* field : {"Message-ID", "Date"}) {
    const auto value = mail::header_field(head, field);
    if (value && !value->empty() && imap::is_quotable(*value)) return imap::Search{octets, field, *value};
  }
  return std::nullopt;
}

std::string place_of(const ImapFolder& folder) {
  return folder.session.host + " at port " + std::to_string(folder.session.port);
}

}  // namespace

Result<std::unique_ptr<ImapTarget>> ImapTarget::open(ImapFolder folder, bool look_back) {
  auto spool = Spool::make();
  if (!spool) return spool.error();
  return std::unique_ptr<ImapTarget>(new ImapTarget(std::move(folder), look_back, std::move(*spool)));
}

Result<Presence> ImapTarget::find(std::string_view) {
  return Presence::unknown;
}

Result<void> ImapTarget::connect() {
  if (connection_) return {};
  connection_ = std::make_unique<ImapConnection>(folder_);
  if (const auto failed = connection_->open()) return broken(*failed);
  if (!uid_next_) uid_next_ = connection_->uid_next();
  return {};
}

Result<void> ImapTarget::begin(const fetch::Incoming&) {
  explanation_.clear();
  message_unknown_ = false;
  text_ = {};
  if (auto cut = spool_.cut(0); !cut) return cut;
  return connect();
}

Result<void> ImapTarget::append(std::string_view content) {
  text_.convert(content, spool_.buffer());
  return spool_.flush_if_full();
}

void ImapTarget::abandon() {
  static_cast<void>(spool_.cut(0));
}

Result<void> ImapTarget::end() {
  text_.finish(spool_.buffer());
  if (spool_.octets() == 0) spool_.buffer() = "\r\n";  // no server takes nothing
  if (auto flushed = spool_.flush(); !flushed) return flushed;
  const auto head = spool_.read(0, limits::head_identity_octets_max);
  if (!head) return head.error();
  // A server may have closed a connection that had nothing to do while the message came.
  for (bool again = true;; again = false) {
    if (auto connected = connect(); !connected) return connected;
    if (look_back_ || message_unknown_) {
      const auto there = look_for(*head);
      if (there && *there == Presence::present) return {};
      if (!there && !again) return there.error();
      if (!there) continue;
    }
    const auto appended = connection_->append(spool_, mail::arrival_date(*head));
    const auto* const close = std::get_if<Close>(&appended);
    if (close == nullptr) return outcome(appended);
    message_unknown_ = message_unknown_ || close->message_unknown;
    const bool lost = close->end == End::disconnected || close->end == End::closing;
    auto failed = broken(*close);
    if (!again || !lost) return failed;
  }
}

Result<Presence> ImapTarget::look_for(const std::string& head) {
  const std::string header = header_of(head);
  const auto search = search_for(head, spool_.octets());
  if (!search || header.empty()) return Presence::absent;
  const auto searched = connection_->search(*search);
  if (const auto* const close = std::get_if<Close>(&searched)) return broken(*close).error();
  for (const std::uint32_t uid : std::get<imap::Found>(searched).uids) {
    // What came in this run is another message, unless it is the one whose answer was lost.
    if (recognised_.contains(uid) || (!message_unknown_ && *uid_next_ != 0 && uid >= *uid_next_)) continue;
    const auto fetched = connection_->fetch_header(uid);
    if (const auto* const close = std::get_if<Close>(&fetched)) return broken(*close).error();
    if (std::get<imap::Header>(fetched).octets != header) continue;
    recognised_.insert(uid);
    return Presence::present;
  }
  return Presence::absent;
}

Result<void> ImapTarget::outcome(const ImapConnection::Outcome& outcome) {
  const auto* const refused = std::get_if<imap::Refused>(&outcome);
  if (refused == nullptr) return {};
  explanation_ = place_of(folder_) + " does not take it: " + refused->words;
  return refused->for_good ? Error::refused : Error::deferred;
}

/// The connection is over: why, as an error and in words.
Result<void> ImapTarget::broken(const Close& close) {
  const auto connection = std::exchange(connection_, nullptr);
  const error_code failure = connection->failure();
  const std::string place = place_of(folder_);
  const auto fail = [&](Error error, const std::string& what) -> Result<void> {
    explanation_ = close.words.empty() ? what : what + ": " + close.words;
    return error;
  };
  const Error by_words = close.passing ? Error::unreachable : Error::misused;
  switch (close.end) {
    case End::logout:
    case End::disconnected:
      if (failure) return fail(Error::unreachable, place + " cannot be reached: " + failure.message());
      return fail(Error::unreachable, place + " closed the connection");
    case End::timed_out:
      return fail(Error::unreachable, place + " did not answer in time");
    case End::turned_away:
    case End::closing:
      return fail(Error::unreachable, place + " takes nothing at the moment");
    case End::starttls_not_offered:
      return fail(Error::misused, place + " does not offer STARTTLS, or somebody in between hides that it does");
    case End::starttls_refused:
      return fail(Error::misused, place + " refuses to begin TLS");
    case End::tls_failed:
      if (const auto problem = connection->certificate_problem()) {
        return fail(Error::misused, "the certificate of " + place + " is refused: " + problem->text);
      }
      return fail(Error::unreachable, "TLS with " + place + " could not begin: " + failure.message());
    case End::injected:
      return fail(Error::misused, "somebody put words into the connection to " + place);
    case End::no_login_method:
      return fail(Error::misused, place + " offers no way to log in that may be used here");
    case End::login_refused:
      return fail(by_words, place + " refuses the login of " + folder_.session.user);
    case End::no_folder:
      return fail(by_words, "the folder " + folder_.session.folder + " can be neither opened nor made");
    case End::protocol_violation:
      return fail(Error::misused, place + " does not speak IMAP");
  }
  return Error::unavailable;
}

Result<std::string> ImapTarget::mark() {
  return folder_.session.user + " " + place_of(folder_) + " " + folder_.session.folder;
}

}  // namespace fermo::fetcher
