#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "maildrop/maildrop.h"
#include "pop3/server_session.h"
#include "server/message_reader.h"
#include "simulation/ends.h"
#include "simulation/machine.h"
#include "simulation/mutation.h"
#include "smtp/server_session.h"

namespace fermo::simulation {

/// Where a session of the server runs. Outlives it.
struct Place {
  std::string name;  ///< Of the line, for the trace.
  Machine& machine;
  Trace& trace;
  Mutation mutation;
  unsigned starts;  ///< How often the server has been started.

  void note(std::string_view what) const { trace.note(name + " server", what); }
};

struct Pop3 {
  using Session = pop3::ServerSession;
  using NeedInput = pop3::NeedInput;
  using Send = pop3::Send;
  using Close = pop3::Close;
};

struct Lmtp {
  using Session = smtp::ServerSession;
  using NeedInput = smtp::NeedInput;
  using Send = smtp::Send;
  using Close = smtp::Close;
};

/// What the server's POP3 core decides, done with the store.
class Pop3End final : public CoreDriver<Pop3End, Pop3> {
 public:
  explicit Pop3End(Place place);

  bool limited_from_start() const override { return !session().authenticated(); }

 private:
  friend CoreDriver;
  void take(pop3::StartTls&);
  void take(pop3::Verify& step);
  void take(pop3::OpenMaildrop& step);
  void take(pop3::ReadScanListings& step);
  void take(pop3::SendMessage& step);
  void take(pop3::Commit& step);
  void ended(const pop3::Close& close);

  void open(const std::string& account);
  void read_listings(const pop3::ReadScanListings& step);
  void read_message(const std::string& preface, bool begun);
  Result<void> commit(std::vector<MessageNumber> deletions);

  const Place place_;
  std::shared_ptr<maildrop::Snapshot> maildrop_;
  std::unique_ptr<server::MessageReader> message_;
};

/// What its LMTP core decides.
class LmtpEnd final : public CoreDriver<LmtpEnd, Lmtp> {
 public:
  explicit LmtpEnd(Place place);

  bool limited_from_start() const override { return false; }

 private:
  friend CoreDriver;
  void take(smtp::ResolveRecipient& step);
  void take(smtp::BeginMessage&);
  void take(smtp::Append& step);
  void take(smtp::FinishMessage& step);
  void take(smtp::AbandonMessage&) { delivery_.reset(); }
  void ended(const smtp::Close& close);

  Result<void> finish(smtp::FinishMessage step);
  void make_up_for_it();
  void deliver_once_more(const smtp::FinishMessage& step);

  const Place place_;
  std::unique_ptr<maildrop::Delivery> delivery_;
  std::string wire_;  ///< Of the message, for those who deliver it twice.
  unsigned transactions_ = 0;
  std::function<void()> overdue_;  ///< What has been acknowledged too early.
};

/// Whose mail the server holds.
bool has_user(std::string_view name);
inline constexpr std::array<std::string_view, 3> users = {"anna", "berta", "carl"};
inline constexpr std::string_view password = "secret";

}  // namespace fermo::simulation
