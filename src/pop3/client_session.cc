#include "pop3/client_session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "pop3/client_core.h"

namespace fermo::pop3::client {
namespace {

constexpr std::string_view line_end = "\r\n";

/// The longest command that an order can become, "TOP" with two numbers of 20 digits.
constexpr std::size_t order_octets_max = 48;

/// What the probe begins with: CAPA, STAT, LIST and UIDL. MailKit met a server that drops the line at ten.
constexpr std::size_t depth_at_first = 4;

std::string_view keyword_of(Verb verb) {
  switch (verb) {
    case Verb::stat:
      return "STAT";
    case Verb::list:
      return "LIST";
    case Verb::uidl:
      return "UIDL";
    case Verb::retr:
      return "RETR";
    case Verb::top:
      return "TOP";
    case Verb::dele:
      return "DELE";
    case Verb::noop:
      return "NOOP";
    case Verb::rset:
      return "RSET";
    default:
      return "QUIT";
  }
}

bool may_be_ordered(Verb verb) {
  return verb == Verb::quit || keyword_of(verb) != "QUIT";
}

std::string line_of(const Order& order) {
  std::string line(keyword_of(order.verb));
  if (order.message) line.append(" ").append(std::to_string(order.message->value()));
  if (order.verb == Verb::top) line.append(" ").append(std::to_string(order.body_lines));
  return line.append(line_end);
}

}  // namespace

// --- The loop --------------------------------------------------------------------------------------------------------

Core::Core(Settings settings)
    : settings_(std::move(settings)),
      splitter_(limits::client_reply_octets_max),
      tls_active_(settings_.tls == Tls::implicit) {
  begin_exchange({.reader = &Core::take_greeting, .order = {}});
}

void Core::receive(std::string_view octets) {
  FERMO_CHECK(input_wanted_);
  splitter_.receive(octets);
}

Step Core::next() {
  FERMO_CHECK(!tls_awaited_);
  while (steps_.empty()) advance();
  Step step = std::move(steps_.front());
  steps_.pop_front();
  tls_awaited_ = std::holds_alternative<StartTls>(step);
  input_wanted_ = std::holds_alternative<NeedInput>(step) || std::holds_alternative<Idle>(step);
  return step;
}

/// Makes at least one step, or takes at least one line.
void Core::advance() {
  if (end_) return push(*end_);
  if (expired_) return close(End::timed_out);
  if (exchanges_.empty() && !splitter_.empty()) return take_unsolicited();
  if (exchanges_.empty() && input_ended_) return close(End::disconnected);
  if (authenticated_ && sending_pays()) return send_orders();
  if (exchanges_.empty()) return push(Idle{});
  read();
}

void Core::read() {
  input_ == Input::message ? read_message() : read_line();
}

void Core::read_line() {
  splitter_.set_line_octets_max(line_octets_max());
  const auto outcome = splitter_.next();
  if (const auto* line = std::get_if<mail::LineSplitter::Line>(&outcome)) return take_line(line->text);
  if (std::holds_alternative<mail::LineSplitter::TooLong>(outcome)) return violate("a line is too long");
  wait_for_input();
}

void Core::take_line(std::string_view line) {
  switch (input_) {
    case Input::capabilities:
      return take_capability_line(line);
    case Input::listing:
      return take_listing_line(line);
    default:
      return take_reply(line);
  }
}

void Core::take_reply(std::string_view line) {
  const auto reply = parse_reply(line);
  const Reader reader = exchanges_.front().reader;
  const bool expected = reply && (reply->kind != Reply::Kind::challenge || reader == &Core::take_auth);
  if (!expected) return violate("not a reply: " + cleaned(line));
  if (reply->kind == Reply::Kind::err) ++record_.refusals;
  (this->*reader)(*reply);
}

void Core::wait_for_input() {
  if (splitter_.dropped_octets() > 0) return violate("a line is too long");
  if (input_ended_) return close(End::disconnected);
  push(NeedInput{});
}

std::size_t Core::line_octets_max() const {
  const bool challenge = !exchanges_.empty() && exchanges_.front().reader == &Core::take_auth;
  return challenge ? limits::client_challenge_octets_max : limits::client_reply_octets_max;
}

/// Nothing was asked, so whatever the server says is not an answer. Before TLS somebody may have put it in, to be taken
/// for the answer to what comes next (CVE-2021-22947).
void Core::refuse_unsolicited() {
  const bool before_tls = settings_.tls == Tls::stls && !tls_active_;
  close(before_tls ? End::injected : End::protocol_violation, "a reply that nothing had asked for");
}

/// -ERR is understood after login: servers say it before they hang up.
void Core::take_unsolicited() {
  const auto outcome = splitter_.next();
  if (std::holds_alternative<mail::LineSplitter::NeedMore>(outcome)) return wait_for_input();
  const auto* line = std::get_if<mail::LineSplitter::Line>(&outcome);
  const auto reply = line == nullptr ? std::nullopt : parse_reply(line->text);
  if (!reply || reply->kind != Reply::Kind::err) return refuse_unsolicited();
  close(End::disconnected, &*reply);
}

// --- The window ------------------------------------------------------------------------------------------------------

void Core::order(Order order) {
  FERMO_CHECK(!quit_ordered_ && may_be_ordered(order.verb));
  quit_ordered_ = order.verb == Verb::quit;
  orders_octets_ += line_of(order).size();
  orders_.push_back(order);
}

/// Servers delete what was marked before they answer QUIT, message by message (RFC 1939 §6).
std::chrono::seconds Core::time_limit() const {
  const auto order = exchanges_.empty() ? std::nullopt : exchanges_.front().order;
  if (!order || order->verb != Verb::quit) return settings_.reply_time_max;
  const auto deleting = std::chrono::ceil<std::chrono::seconds>(marked_ * limits::client_deletion_time);
  return settings_.reply_time_max + std::min(deleting, limits::client_deletions_time_max);
}

std::chrono::seconds Core::progress_time_limit() const {
  const std::chrono::seconds by_replies = limits::client_progress_reply_times_min * settings_.reply_time_max;
  const auto usual = settings_.progress_time_max.value_or(std::max(limits::client_progress_time_max, by_replies));
  return usual + (time_limit() - settings_.reply_time_max);
}

std::size_t Core::orders_waiting() const {
  const auto is_order = [](const Exchange& exchange) { return exchange.order.has_value(); };
  return orders_.size() + static_cast<std::size_t>(std::ranges::count_if(exchanges_, is_order));
}

bool Core::pipelines() const {
  return settings_.pipelining != Pipelining::off && capabilities_.pipelining;
}

std::size_t Core::depth_max() const {
  // Small steps would cost a round trip each, and find a server that drops the line at ten no more gently.
  const bool tried = settings_.pipelining == Pipelining::on || depth_answered_ >= depth_at_first;
  return tried ? std::numeric_limits<std::size_t>::max() : depth_at_first;
}

/// Whether so many more octets and commands may be under way.
bool Core::fits_window(std::size_t octets, std::size_t commands) const {
  if (exchanges_.empty() && commands == 1) return true;
  return pipelines() && octets_under_way_ + octets <= settings_.window_octets &&
         exchanges_.size() + commands <= depth_max();
}

/// The window is filled only once half of it is free, so that commands leave in numbers and not one for each answer.
bool Core::sending_pays() const {
  if (orders_.empty() || input_ended_) return false;
  if (exchanges_.empty()) return true;
  return octets_under_way_ <= settings_.window_octets / 2 && exchanges_.size() <= depth_max() / 2 &&
         fits_window(line_of(orders_.front()).size(), 1);
}

bool Core::window_open() const {
  if (!authenticated_ || quit_ordered_ || end_) return false;
  if (exchanges_.empty() && orders_.empty()) return true;
  return octets_under_way_ <= settings_.window_octets / 2 && exchanges_.size() <= depth_max() / 2 &&
         fits_window(orders_octets_ + order_octets_max, orders_.size() + 1);
}

void Core::send_orders() {
  std::string lines;
  while (!orders_.empty()) {
    const std::string line = line_of(orders_.front());
    if (!fits_window(line.size(), 1)) break;
    begin_exchange({.reader = &Core::take_order, .order = orders_.front(), .octets = line.size()});
    orders_octets_ -= line.size();
    orders_.pop_front();
    lines += line;
  }
  push(Send{.octets = std::move(lines)});
}

/// In the probe every break counts that deeper pipelining than before may have caused. Where it has worked before, a
/// broken line is more likely than a server that has forgotten how to.
bool Core::pipelining_suspected(End end) const {
  if (exchanges_.size() < 2) return false;
  if (settings_.pipelining == Pipelining::on) return end == End::protocol_violation;
  const bool broke = end == End::disconnected || end == End::timed_out || end == End::protocol_violation;
  return broke && exchanges_.size() > depth_answered_;
}

// --- Ways to go on ---------------------------------------------------------------------------------------------------

void Core::send_command(std::string line, Reader reader, bool secret) {
  if (!splitter_.empty()) return refuse_unsolicited();
  line += line_end;
  begin_exchange({.reader = reader, .order = {}, .octets = line.size()});
  push(Send{.octets = std::move(line), .secret = secret});
}

void Core::begin_exchange(Exchange exchange) {
  octets_under_way_ += exchange.octets;
  exchange.depth = exchanges_.size() + 1;
  if (exchange.octets > 0) ++record_.commands;
  exchanges_.push_back(exchange);
}

void Core::end_exchange() {
  const Exchange& exchange = exchanges_.front();
  octets_under_way_ -= exchange.octets;
  depth_answered_ = std::max(depth_answered_, exchange.depth);
  ++record_.replies;
  record_.pipelining_proven = depth_answered_ >= limits::client_pipelining_proven_commands;
  exchanges_.pop_front();
  input_ = Input::reply;
}

void Core::close(End end, const Reply* reply) {
  Close close{.end = end};
  if (reply != nullptr) {
    close.code = reply->code;
    close.text = cleaned(reply->text);
  }
  this->close(std::move(close));
}

void Core::close(End end, std::string_view text) {
  close(Close{.end = end, .text = std::string(text)});
}

void Core::close(Close close) {
  if (end_) return;
  close.pipelining_suspected = pipelining_suspected(close.end);
  mechanism_.reset();
  initial_response_.reset();
  settings_.secret = Secret();
  end_ = std::move(close);
}

}  // namespace fermo::pop3::client

// --- The public face -------------------------------------------------------------------------------------------------

namespace fermo::pop3 {

ClientSession::ClientSession(client::Settings settings) : core_(std::make_unique<client::Core>(std::move(settings))) {}
ClientSession::~ClientSession() = default;
ClientSession::ClientSession(ClientSession&&) noexcept = default;
ClientSession& ClientSession::operator=(ClientSession&&) noexcept = default;

void ClientSession::receive(std::string_view octets) {
  core_->receive(octets);
}
void ClientSession::end_of_input() {
  core_->end_of_input();
}
void ClientSession::expire() {
  core_->expire();
}
void ClientSession::order(client::Order order) {
  core_->order(order);
}
std::size_t ClientSession::orders_waiting() const {
  return core_->orders_waiting();
}
bool ClientSession::window_open() const {
  return core_->window_open();
}
client::Step ClientSession::next() {
  return core_->next();
}
void ClientSession::answer(client::TlsStarted outcome) {
  core_->answer(outcome);
}
std::chrono::seconds ClientSession::time_limit() const {
  return core_->time_limit();
}
std::chrono::seconds ClientSession::progress_time_limit() const {
  return core_->progress_time_limit();
}
const client::SessionRecord& ClientSession::record() const {
  return core_->record();
}

}  // namespace fermo::pop3
