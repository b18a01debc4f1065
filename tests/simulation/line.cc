#include "simulation/line.h"

#include <algorithm>

namespace fermo::simulation {

Line::Line(const Weather& weather, Chance& chance, Time now, std::unique_ptr<End> client,
           std::unique_ptr<ServerEnd> server)
    : weather_(weather),
      chance_(chance),
      begun_(now),
      client_(std::move(client)),
      server_(std::move(server)),
      client_heard_(now),
      server_heard_(now) {}

void Line::pass_on(Time now) {
  // What a client sends after it has closed its half is lost with it.
  if (auto sent = client_->take_sent(); !sent.empty() && !is_half_closed(now)) to_server_.send(std::move(sent), now);
  if (!server_) return;
  if (auto sent = server_->take_sent(); !sent.empty()) to_client_.send(std::move(sent), now);
}

void Line::lose_server(std::optional<Time> noticed_at) {
  server_.reset();
  server_lost_ = true;
  loss_noticed_ = noticed_at;
}

std::optional<Event> Line::next(Time now) {
  std::optional<Event> first;
  const auto consider = [&](std::optional<Time> at, std::function<void()> happens) {
    if (at && (!first || *at < first->at)) first = Event{std::max(*at, now), std::move(happens)};
  };
  if (over()) return first;
  if (!broken_) consider(weather_.breaks_at, [this] { broken_ = true; });
  if (!client_->over()) consider_client(now, consider);
  if (server_ && !server_->over()) consider_server(now, consider);
  return first;
}

template <class Consider>
void Line::consider_client(Time now, const Consider& consider) {
  if (broken_) return consider(now, [this] { client_->end_of_input(); });
  const bool server_closed = server_ && server_->over() && !is_silent(now);
  if (server_closed && !to_client_.next()) return consider(now, [this] { client_->end_of_input(); });
  if (server_lost_) consider(loss_noticed_, [this] { client_->end_of_input(); });
  const auto arrives = to_client_.next();
  if (arrives) {
    const Time at = std::max(*arrives, now);
    consider(at, [this, at] {
      client_heard_ = at;
      client_->receive(to_client_.take());
    });
  }
  consider(client_heard_ + client_->time_limit(), [this] { client_->expire(); });
}

template <class Consider>
void Line::consider_server(Time now, const Consider& consider) {
  if (server_->works()) {
    if (!work_ends_) work_ends_ = now + chance_.up_to(weather_.latency_max);
    return consider(work_ends_, [this] {
      work_ends_.reset();
      server_->work();
    });
  }
  if (broken_) return consider(now, [this] { server_->end_of_input(); });
  const bool client_closed = (client_->over() || is_half_closed(now)) && !is_silent(now);
  if (client_closed && !to_server_.next()) return consider(now, [this] { server_->end_of_input(); });
  if (!is_half_closed(now)) consider(weather_.half_closed_at, [] {});
  if (const auto arrives = to_server_.next()) {
    const Time at = std::max(*arrives, now);
    consider(at, [this, at] { server_receives(at); });
  }
  const Time from = server_->limited_from_start() ? begun_ : server_heard_;
  consider(from + server_->time_limit(), [this] { server_->expire(); });
}

void Line::server_receives(Time now) {
  server_heard_ = now;
  std::string octets = to_server_.take();
  octets_received_ += octets.size();
  if (weather_.breaks_after_octets && octets_received_ > *weather_.breaks_after_octets) {
    octets.resize(octets.size() - (octets_received_ - *weather_.breaks_after_octets));
    broken_ = true;
  }
  if (!octets.empty()) server_->receive(octets);
}

}  // namespace fermo::simulation
