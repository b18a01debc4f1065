#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imap/append_session.h"
#include "imap/response.h"
#include "mail/line_splitter.h"

/// The inside of AppendSession, for its own files: from the greeting to the open folder in append_login.cc, the orders
/// in append_orders.cc.
namespace fermo::imap {

class AppendSession::Core {
 public:
  explicit Core(Settings settings);

  void receive(std::string_view octets);
  void end_of_input();
  void expire();
  void append(const Append& order);
  void search(const Search& order);
  void fetch_header(std::uint32_t uid);
  void logout();
  void content(std::string_view piece);
  Step next();
  void answer(const TlsStarted& outcome);
  std::chrono::seconds time_limit() const;
  std::uint32_t uid_next() const { return uid_next_; }

 private:
  /// What takes the tagged status of the command under way.
  using Taker = void (Core::*)(const Status&);

  void push(Step step) { steps_.push_back(std::move(step)); }
  void close(End end, const Status& status);
  void close(End end, std::string words = {});
  void violate(std::string what) { close(End::protocol_violation, std::move(what)); }
  void command(const std::string& line, Taker taker, bool secret = false);
  void read();
  bool read_literal();
  void take_line(std::string_view line);
  void take_tagged(std::string_view text);
  void take_untagged(std::string_view text);
  void take_continuation(std::string_view text);

  // append_login.cc
  void take_greeting(std::string_view text);
  void take_capabilities(std::string_view text);
  bool can(std::string_view capability) const;
  void ask_capabilities();
  void capabilities_known(const Status& status);
  void take_starttls(const Status& status);
  void begin_login();
  bool begin_authenticate(sasl::Mechanism mechanism);
  void respond(std::string_view challenge);
  void take_login(const Status& status);
  void open_folder();
  void take_opened(const Status& status);
  void take_created(const Status& status);
  void take_subscribed(const Status& status);

  // append_orders.cc
  void begin_order();
  void end_order(Step outcome);
  void take_appended(const Status& status);
  void take_searched(const Status& status);
  void take_fetched(const Status& status);
  void take_logout(const Status& status);

  Settings settings_;
  const std::string folder_;  ///< As it stands in a command.
  mail::LineSplitter splitter_;
  std::deque<Step> steps_;
  unsigned commands_ = 0;
  std::string tag_;
  Taker taker_ = nullptr;
  bool greeted_ = false;
  bool tls_active_ = false;
  bool tls_awaited_ = false;
  bool idle_ = false;
  bool closed_ = false;
  bool in_response_ = false;  ///< What follows a literal belongs to the same response.
  std::uint64_t literal_left_ = 0;
  bool literal_kept_ = false;

  std::vector<std::string> capabilities_;
  std::unique_ptr<sasl::ClientMechanism> mechanism_;
  std::optional<Secret> initial_response_;
  unsigned challenges_ = 0;
  bool created_ = false;
  std::uint32_t uid_next_ = 0;

  std::uint64_t content_left_ = 0;  ///< Of the message that is being appended.
  bool continuation_awaited_ = false;
  bool content_wanted_ = false;
  bool all_sent_ = false;
  bool header_wanted_ = false;
  std::string header_;
  std::vector<std::uint32_t> found_;
};

}  // namespace fermo::imap
