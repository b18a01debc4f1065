#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/limits.h"
#include "base/secret.h"
#include "fetch/plan.h"
#include "fetch/tail_probe.h"
#include "fetcher/connect.h"
#include "fetcher/delivery.h"
#include "fetcher/job_under_way.h"
#include "fetcher/ledger_clock.h"
#include "fetcher/remote_session.h"
#include "fetcher/report.h"
#include "fetcher/server_address.h"
#include "runtime/blocking_pool.h"

namespace fermo::fetcher {

/// What is fetched, how and from where.
struct AccountSettings {
  ServerAddress server;
  std::optional<ProxyAddress> proxy;  ///< By which the server is reached.
  std::string account;                ///< What the ledger knows it by.
  std::string user;
  Secret secret;
  pop3::client::CredentialKind kind = pop3::client::CredentialKind::password;
  bool plaintext_logins = false;
  std::shared_ptr<const runtime::TlsClientContext> tls;  ///< Not needed with client::Tls::none.
  fetch::Policy policy;
  std::chrono::seconds time_max = limits::client_reply_time_max;  ///< To wait for the server.
  bool dry_run = false;                                           ///< Only say what would be done.
  bool in_batches = false;  ///< The server shows a part of the drop at a time: go on until it shows nothing new.
  std::size_t batch_messages_max = limits::delivery_batch_messages;  ///< See Delivery.
};

/// What a session is going to do.
struct Work {
  std::uint64_t messages = 0;   ///< To be retrieved,
  Octets octets;                ///< with so many octets, if they are retrieved as wholes.
  std::uint64_t deletions = 0;  ///< Of messages that were fetched before.
  friend bool operator==(const Work&, const Work&) = default;
};
Work work_of(const fetch::Plan& plan);

/// Is told how a fetch goes, on the runner's thread. Does not block.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void planned(const Work& work) = 0;
  /// In a dry run, after planned(): what would become of one listed message, and so on for each of them.
  virtual void decided(const fetch::Decision& decision) = 0;
  /// Octets of messages, as they arrive.
  virtual void received(Octets octets) = 0;
  /// So many messages more are durable and recorded.
  virtual void delivered(std::uint64_t messages) = 0;
  /// It is over.
  virtual void ended(const Report& report) = 0;
};

/// Fetches one account once: connects, logs in, lists, plans, retrieves, deletes, and records each of it in time, so
/// that it may be ended at any instant and begun anew. To be used on one thread; target and ledger are used in the pool
/// alone, by one job at a time.
class AccountRunner {
 public:
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  /// All references must outlive the runner. In a dry run nothing is written to target and ledger.
  AccountRunner(boost::asio::any_io_executor executor, AccountSettings settings, fetch::Target& target,
                fetch::Ledger& ledger, runtime::BlockingPool& pool, const Clock& clock, Observer& observer);

  /// Once. Never throws for what a server does.
  Awaitable<Report> run();

  /// Ends run() soon, with everything saved that has arrived whole.
  void stop();

 private:
  using Step = pop3::client::Step;
  using Order = pop3::client::Order;
  using Index = std::size_t;
  /// What comes after the messages that are passed on: more of the same batch, another one, or none.
  enum class Batch { open, ends, last };

  /// What is known of one session. Another one follows when something that was remembered or tried has broken it.
  struct Visit {
    std::optional<pop3::client::Close> close;
    std::optional<pop3::client::Ready> ready;
    bool quitting = false;  ///< QUIT is ordered, so nothing else may be.

    std::vector<pop3::client::ScanListings::Entry> octets_listed;
    std::vector<pop3::client::UniqueIds::Entry> ids_listed;
    bool status_known = false;
    unsigned listings_awaited = 0;
    bool complete = true;    ///< Everything is listed, not a tail alone.
    fetch::Listing listing;  ///< Of its messages, which would fill memory, none are left once they are planned for.
    bool all_listed = false;
    std::optional<std::uint64_t> highest_position;
    fetch::Heads heads;
    fetch::Plan plan;
    bool planned = false;    ///< The plan is in the ledger.
    bool some_wait = false;  ///< For a later run: this one takes no more.

    bool deleting = false;       ///< Something is deleted, or will be once it is delivered.
    std::vector<Index> wanted;   ///< To be retrieved, in this order,
    std::size_t ordered = 0;     ///< of which so many have been asked for.
    std::size_t unanswered = 0;  ///< Orders but QUIT whose outcome has not been taken.
    std::deque<Index> under_way;
    Octets octets_under_way;
    std::optional<Index> unconfirmed;  ///< Ended where it should not have; what follows will tell.
    bool message_open = false;
    std::vector<Delivery::Event> events;  ///< That have not been passed on.
    std::size_t events_octets = 0;
    std::uint64_t settled = 0;    ///< Of `wanted`.
    std::deque<Index> deletions;  ///< For which DELE is yet to be ordered.
    std::uint64_t to_delete = 0;  ///< Messages for which DELE was or should have been sent.
    std::vector<Index> marked;    ///< DELE was answered +OK.
    std::uint64_t refusals = 0;   ///< Of what was to be done.
  };

  Awaitable<void> run_session();
  Awaitable<void> run_session_with_remedies();
  bool find_remedy();
  void begin_anew();
  Awaitable<void> run_further_sessions();
  void begin_loading();
  bool take_state(Result<fetch::AccountState> state);
  bool place_is_the_same() const;
  Awaitable<bool> connect();
  Awaitable<void> converse();
  void order_quit();
  Awaitable<void> quit();
  Awaitable<Step> next_step();
  void take_end(const pop3::client::Close& close);
  pop3::client::Settings session_settings();
  void fail(Verdict verdict, std::string problem, std::string advice = {});
  void fail_of_ledger(const error_code& failure);
  void fail_of_target(const error_code& failure, const std::string& explanation);
  void complain(MessageNumber number, std::string what);
  void conclude();

  // account_listing.cc: what is there, and what to do with it.
  Awaitable<bool> list();
  Awaitable<bool> list_all();
  Awaitable<bool> await_listings();
  void order_listings();
  void take_listed(Step& step);
  void take_refused_listing(const pop3::client::OrderRefused& refused);
  bool make_listing();
  Awaitable<bool> probe();
  Awaitable<bool> ask(fetch::TailProbe& probe, fetch::TailProbe::Ask ask);
  Awaitable<bool> plan();
  Awaitable<Result<std::vector<fetch::Record>>> load_known();
  Awaitable<bool> fetch_heads();
  fetch::Presence presence_of(const fetch::Record& record);

  // account_work.cc: doing it.
  Awaitable<bool> begin_work();
  Result<std::vector<Index>> delivered_before();
  Result<void> record_plan(const std::vector<Index>& found);
  fetch::AccountState state_at_work() const;
  Awaitable<void> work();
  bool all_received() const;
  Awaitable<bool> finish_work();
  void give(Order order);
  void give_orders();
  void give_retrieval();
  void give_deletion();
  void give_deletions();
  Awaitable<bool> take_step(Step step);
  void take(const pop3::client::MessageBegun& begun);
  void take(pop3::client::MessagePiece& piece);
  void take(const pop3::client::MessageEnded& ended);
  void take(const pop3::client::OrderDone& done);
  void take(const pop3::client::OrderRefused& refused);
  void confirm_message();
  void order_deletion(Index index);
  Index index_of(const Order& order) const;
  const fetch::Decision& decision(Index index) const { return visit_.plan.decisions[index]; }
  Awaitable<bool> deliver_meanwhile();
  void start_delivery(Batch batch);
  Awaitable<bool> take_delivered();
  Awaitable<bool> deliver_all();
  void take_settled(const Delivery::Settled& settled);
  Awaitable<void> settle();
  Awaitable<void> settle_work();
  Result<void> record_end();
  fetch::AccountState state_at_end() const;
  bool looks_back() const;
  bool looked_for_all() const;
  fetch::AccountState with_what_was_learnt(fetch::AccountState state) const;
  bool has_quit() const { return visit_.close && visit_.close->end == pop3::client::End::quit; }

  boost::asio::any_io_executor executor_;
  AccountSettings settings_;
  fetch::Target& target_;
  fetch::Ledger& ledger_;
  runtime::BlockingPool& pool_;
  LedgerClock clock_;
  Observer& observer_;
  Connector connector_;
  std::optional<RemoteSession> session_;
  Delivery delivery_;
  JobUnderWay<Delivery::Settled> delivery_job_;
  JobUnderWay<fetch::AccountState> loading_;
  bool stopped_ = false;

  Report report_;
  fetch::AccountState state_;         ///< As it was when the session began.
  std::string mark_;                  ///< What AccountState::target_mark is to be.
  bool pipelining_broken_ = false;    ///< Commands are sent one by one from here on.
  bool remembered_doubtful_ = false;  ///< AccountState::capabilities are not used any more.
  Visit visit_;
};

}  // namespace fermo::fetcher
