#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "simulation/ends.h"

namespace fermo::simulation {

/// What goes wrong on a line; all times count from the begin of the simulation.
struct Weather : pop3::simulation::Faults {
  std::optional<std::uint64_t> breaks_after_octets;  ///< Of what the client sends.
  std::optional<Time> half_closed_at;                ///< The client sends nothing more, and listens on.
};

struct Event {
  Time at;
  std::function<void()> happens;
};

/// A connection between a client and the server: octets arrive in their order, cut anywhere and late, until they do
/// not.
class Line {
 public:
  Line(const Weather& weather, Chance& chance, Time now, std::unique_ptr<End> client,
       std::unique_ptr<ServerEnd> server);

  /// What happens next, and not before `now`; nothing once both ends are through.
  std::optional<Event> next(Time now);
  /// Puts on the line what the ends have sent.
  void pass_on(Time now);
  /// The server is no more. `noticed_at`: when the client hears of it; nothing: never.
  void lose_server(std::optional<Time> noticed_at);

  bool over() const { return client_->over() && (!server_ || server_->over()); }

 private:
  template <class Consider>
  void consider_client(Time now, const Consider& consider);
  template <class Consider>
  void consider_server(Time now, const Consider& consider);
  void server_receives(Time now);
  bool is_silent(Time now) const { return weather_.silent_at && now >= *weather_.silent_at; }
  bool is_half_closed(Time now) const { return weather_.half_closed_at && now >= *weather_.half_closed_at; }

  const Weather weather_;
  Chance& chance_;
  const Time begun_;
  std::unique_ptr<End> client_;
  std::unique_ptr<ServerEnd> server_;
  pop3::simulation::Way to_client_{weather_, chance_};
  pop3::simulation::Way to_server_{weather_, chance_};
  std::uint64_t octets_received_ = 0;  ///< By the server.
  Time client_heard_;
  Time server_heard_;
  std::optional<Time> work_ends_;
  bool server_lost_ = false;
  std::optional<Time> loss_noticed_;
  bool broken_ = false;
};

}  // namespace fermo::simulation
