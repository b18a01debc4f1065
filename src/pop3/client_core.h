#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/dot_codec.h"
#include "mail/line_splitter.h"
#include "pop3/client_session.h"

namespace fermo::pop3::client {

/// What stands behind ClientSession. The loop, the window and the reading of lines are in client_session.cc, what each
/// reply leads to in client_login.cc and client_transaction.cc.
class Core {
 public:
  explicit Core(Settings settings);

  void receive(std::string_view octets);
  void end_of_input() { input_ended_ = true; }
  void expire() { expired_ = true; }
  void order(Order order);
  std::size_t orders_waiting() const;
  bool window_open() const;
  Step next();
  void answer(const TlsStarted& outcome);
  std::chrono::seconds time_limit() const;
  std::chrono::seconds progress_time_limit() const;
  const SessionRecord& record() const { return record_; }

 private:
  /// What is made of the first line of a reply.
  using Reader = void (Core::*)(const Reply& reply);
  /// A command that has left and is not wholly answered; the greeting counts as one.
  struct Exchange {
    Reader reader;
    std::optional<Order> order;
    std::size_t octets = 0;
    std::size_t depth = 1;  ///< How many were under way when it left, itself included.
  };
  /// What the next octets are.
  enum class Input { reply, capabilities, listing, message };

  // The loop.
  void advance();
  void read();
  void read_line();
  void take_line(std::string_view line);
  void take_reply(std::string_view line);
  void wait_for_input();
  std::size_t line_octets_max() const;
  void refuse_unsolicited();
  void take_unsolicited();

  // The window.
  void send_orders();
  bool sending_pays() const;
  bool fits_window(std::size_t octets, std::size_t commands) const;
  bool pipelines() const;
  std::size_t depth_max() const;
  bool pipelining_suspected(End end) const;

  // Ways to go on.
  void push(Step step) { steps_.push_back(std::move(step)); }
  void send_command(std::string line, Reader reader, bool secret = false);
  void begin_exchange(Exchange exchange);
  void end_exchange();
  /// Nothing that is still buffered or queued after this is looked at.
  void close(End end, const Reply* reply = nullptr);
  void close(End end, std::string_view text);
  void close(Close close);
  void violate(std::string_view what) { close(End::protocol_violation, what); }

  // Before login.
  void take_greeting(const Reply& reply);
  void begin_authorization();
  void ask_capabilities();
  void take_capa(const Reply& reply);
  void take_capability_line(std::string_view line);
  void capabilities_known();
  void take_stls(const Reply& reply);
  void ask_for_utf8();
  bool rewrites_unasked() const;
  void take_utf8(const Reply& reply);
  void begin_login();
  void try_next_method();
  bool try_method(const LoginMethod& method);
  bool begin_sasl(sasl::Mechanism mechanism);
  std::string auth_line(sasl::Mechanism mechanism);
  bool begin_user();
  bool begin_apop();
  void take_auth(const Reply& reply);
  void take_challenge(const Reply& reply);
  void respond(const Secret& response);
  bool binding_refused();
  void refuse_auth(const Reply& reply);
  void take_user(const Reply& reply);
  void take_pass(const Reply& reply);
  void logged_in();
  void push_ready();

  // TRANSACTION.
  void take_order(const Reply& reply);
  void take_order_done(const Order& order, const Reply& reply);
  void take_status(const Reply& reply);
  void take_one_line(const Order& order, const Reply& reply);
  void begin_listing();
  void take_listing_line(std::string_view line);
  void take_listed(std::string_view line);
  void push_listed();
  void begin_message(const Order& order, const Reply& reply);
  void read_message();
  void end_message();
  void take_quit(const Reply& reply);
  const Order& current_order() const;

  Settings settings_;
  mail::LineSplitter splitter_;
  std::deque<Step> steps_;          ///< Made and not yet given out; never more than one line's.
  std::deque<Exchange> exchanges_;  ///< The one in front is being answered.
  std::size_t octets_under_way_ = 0;
  std::size_t depth_answered_ = 0;
  Input input_ = Input::reply;
  bool input_wanted_ = false;
  bool input_ended_ = false;
  bool expired_ = false;
  bool tls_awaited_ = false;
  std::optional<Close> end_;
  SessionRecord record_;

  // AUTHORIZATION.
  bool tls_active_;
  std::string greeting_;
  std::string apop_timestamp_;
  Capabilities capabilities_;
  Capabilities asked_capabilities_;  ///< Being received.
  std::size_t capability_lines_ = 0;
  Capabilities capabilities_before_login_;
  std::vector<LoginMethod> methods_;  ///< Yet to be tried, the next one last.
  std::optional<LoginMethod> method_;
  bool credentials_failed_ = false;
  std::unique_ptr<sasl::ClientMechanism> mechanism_;
  std::optional<Secret> initial_response_;  ///< Until it is known to have been read.
  bool initial_response_sent_ = false;
  unsigned challenges_ = 0;

  // TRANSACTION.
  bool authenticated_ = false;  ///< Orders may leave, behind a CAPA where PIPELINING was announced before.
  std::deque<Order> orders_;    ///< Not sent yet.
  std::size_t orders_octets_ = 0;
  bool quit_ordered_ = false;
  std::uint64_t marked_ = 0;
  std::optional<mail::DropListing> stat_;
  std::uint64_t listing_lines_ = 0;
  std::uint64_t listing_octets_ = 0;
  std::uint64_t unusable_lines_ = 0;
  ScanListings scan_listings_;
  UniqueIds unique_ids_;
  mail::DotDecoder decoder_;
  Octets message_octets_;
};

}  // namespace fermo::pop3::client
