#include "simulation/server_ends.h"

#include <algorithm>

#include "account/directory.h"
#include "server/intake.h"

namespace fermo::simulation {
namespace {

pop3::ServerSettings pop3_settings() {
  pop3::ServerSettings settings;
  settings.host_name = "pop.example.org";
  settings.plaintext_logins = true;
  return settings;
}

smtp::ServerSettings lmtp_settings() {
  smtp::ServerSettings settings;
  settings.host_name = "mx.example.org";
  return settings;
}

class Users final : public account::Directory {
 public:
  Result<std::optional<account::Account>> find(const mail::Address& recipient) override {
    if (!has_user(recipient.local_part)) return std::optional<account::Account>();
    return account::account_named(recipient.local_part);
  }
};
Users directory;

std::string outcome(const Result<void>& result) {
  return result ? "done" : result.error().message();
}

}  // namespace

bool has_user(std::string_view name) {
  return std::ranges::find(users, name) != users.end();
}

// --- POP3 ------------------------------------------------------------------------------------------------------------

Pop3End::Pop3End(Place place) : CoreDriver(Session(pop3_settings(), false)), place_(std::move(place)) {
  proceed();
}

void Pop3End::take(pop3::StartTls&) {
  session().answer(pop3::TlsStarted{false});
}

void Pop3End::take(pop3::Verify& step) {
  const std::string name = step.login.authentication_identity;
  const bool right = has_user(name) && step.login.password.reveal() == password;
  later([this, name, right] {
    session().answer(pop3::Verified{right ? sasl::Verdict::accepted : sasl::Verdict::refused, name});
  });
}

void Pop3End::take(pop3::OpenMaildrop& step) {
  later([this, account = step.account] { open(account); });
}

void Pop3End::open(const std::string& account) {
  auto opened = place_.machine.store().open(account::account_named(account)->drop);
  if (!opened) {
    place_.note("cannot open the maildrop: " + opened.error().message());
    return session().answer(pop3::MaildropOpened{opened.error()});
  }
  maildrop_ = std::move(*opened);
  place_.note("opens " + account + ", " + std::to_string(maildrop_->drop_listing().messages) + " messages");
  session().answer(pop3::MaildropOpened{maildrop_->drop_listing()});
}

void Pop3End::take(pop3::ReadScanListings& step) {
  later([this, step] { read_listings(step); });
}

void Pop3End::read_listings(const pop3::ReadScanListings& step) {
  auto listings = maildrop_->scan_listings(step.first, step.count);
  if (listings && place_.mutation == Mutation::unique_ids_change) {
    for (mail::ScanListing& listing : *listings) {
      listing.unique_id = *mail::UniqueId::from(std::to_string(place_.starts) + "." + listing.unique_id.text());
    }
  }
  session().answer(pop3::ScanListings{std::move(listings)});
}

void Pop3End::take(pop3::SendMessage& step) {
  message_ = std::make_unique<server::MessageReader>(maildrop_, step.number, step.body_lines);
  later([this, preface = step.preface] { read_message(preface, false); });
}

void Pop3End::read_message(const std::string& preface, bool begun) {
  auto piece = message_->next();
  if (!piece) {
    place_.note("cannot read a message: " + piece.error().message());
    return session().answer(pop3::MessageSent{piece.error(), begun});
  }
  if (place_.mutation == Mutation::octet_lost && piece->wire.size() > 5000) piece->wire.erase(4000, 1);
  send(preface);
  send(piece->wire);
  if (piece->ended) return session().answer(pop3::MessageSent{Result<void>(), true});
  later([this] { read_message("", true); });
}

void Pop3End::take(pop3::Commit& step) {
  later([this, deletions = step.deletions] {
    const Result<void> committed = commit(deletions);
    place_.note("deletes " + std::to_string(deletions.size()) + " messages: " + outcome(committed));
    later([this, committed] { session().answer(pop3::Committed{committed}); });
  });
}

Result<void> Pop3End::commit(std::vector<MessageNumber> deletions) {
  if (place_.mutation == Mutation::deletion_forgotten) return {};
  if (place_.mutation == Mutation::deletion_by_half && deletions.size() > 1) deletions.pop_back();
  if (place_.mutation == Mutation::another_message_deleted &&
      deletions.back().value() < maildrop_->drop_listing().messages) {
    deletions.push_back(MessageNumber::at_index(deletions.back().index() + 1));
  }
  return maildrop_->commit_deletions(deletions);
}

void Pop3End::ended(const pop3::Close& close) {
  const bool broken_off = maildrop_ && close.end != pop3::End::quit;
  if (broken_off && place_.mutation == Mutation::deleted_without_quit && maildrop_->drop_listing().messages > 0) {
    static_cast<void>(maildrop_->commit_deletions(std::vector{MessageNumber::at_index(0)}));
  }
  message_.reset();
  maildrop_.reset();
  place_.note("ends the session, " + std::to_string(static_cast<int>(close.end)));
}

// --- LMTP ------------------------------------------------------------------------------------------------------------

LmtpEnd::LmtpEnd(Place place) : CoreDriver(Session(lmtp_settings())), place_(std::move(place)) {
  proceed();
}

void LmtpEnd::take(smtp::ResolveRecipient& step) {
  later([this, recipient = step.recipient] {
    session().answer(smtp::RecipientResolved{directory.find(recipient)->has_value()});
  });
}

void LmtpEnd::take(smtp::BeginMessage&) {
  later([this] {
    make_up_for_it();
    auto begun = place_.machine.store().begin_delivery();
    Result<void> answer;
    if (begun) {
      delivery_ = std::move(*begun);
    } else {
      answer = begun.error();
    }
    place_.note("begins a delivery: " + outcome(answer));
    wire_.clear();
    session().answer(smtp::MessageBegun{answer});
  });
}

void LmtpEnd::take(smtp::Append& step) {
  later([this, wire = step.wire] {
    if (place_.mutation == Mutation::delivered_twice) wire_ += wire;
    session().answer(smtp::Appended{delivery_->append(wire)});
  });
}

void LmtpEnd::take(smtp::FinishMessage& step) {
  const auto perform = [this, step] {
    const Result<void> finished = finish(step);
    place_.note("finishes a delivery: " + outcome(finished));
    return finished;
  };
  if (place_.mutation == Mutation::acknowledged_too_early) {
    overdue_ = [perform] { static_cast<void>(perform()); };
    return session().answer(smtp::Finished{Result<void>()});
  }
  later([this, perform] {
    const Result<void> finished = perform();
    later([this, finished] { session().answer(smtp::Finished{finished}); });
  });
}

void LmtpEnd::make_up_for_it() {
  if (const auto overdue = std::exchange(overdue_, {})) overdue();
}

Result<void> LmtpEnd::finish(smtp::FinishMessage step) {
  const std::unique_ptr<maildrop::Delivery> delivery = std::move(delivery_);
  const std::string id = place_.name + "." + std::to_string(++transactions_);
  server::Intake intake(directory, {}, {.peer = "192.0.2.1", .host_name = "mx.example.org", .id = id});
  if (place_.mutation == Mutation::one_recipient_forgotten && step.envelope.recipients.size() > 1) {
    step.envelope.recipients.pop_back();
  }
  const auto finished = intake.finish(*delivery, step.envelope, step.summary, place_.machine.clock().now());
  if (finished && place_.mutation == Mutation::delivered_twice) deliver_once_more(step);
  return finished;
}

void LmtpEnd::deliver_once_more(const smtp::FinishMessage& step) {
  const auto delivery = place_.machine.store().begin_delivery();
  if (!delivery) return;
  for (std::size_t at = 0; at < wire_.size(); at += limits::message_piece_octets_max) {
    static_cast<void>((*delivery)->append(std::string_view(wire_).substr(at, limits::message_piece_octets_max)));
  }
  server::Intake intake(directory, {}, {.peer = "192.0.2.1", .host_name = "mx.example.org", .id = "again"});
  static_cast<void>(intake.finish(**delivery, step.envelope, step.summary, place_.machine.clock().now()));
}

void LmtpEnd::ended(const smtp::Close& close) {
  make_up_for_it();
  delivery_.reset();
  place_.note("ends the session, " + std::to_string(static_cast<int>(close.end)));
}

}  // namespace fermo::simulation
