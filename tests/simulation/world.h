#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/line.h"
#include "simulation/machine.h"
#include "simulation/mutation.h"
#include "simulation/oracle.h"
#include "simulation/server_ends.h"

namespace fermo::simulation {

/// What came of one seed.
struct Outcome {
  std::vector<std::string> complaints;  ///< What was promised and not kept; empty when all is well.
  std::uint64_t digest = 0;             ///< Of the trace.
  std::uint64_t events = 0;
  std::uint64_t messages_acknowledged = 0;
  std::uint64_t deletions_acknowledged = 0;
  std::uint64_t power_cuts = 0;
  std::uint64_t kills = 0;
  std::uint64_t cuts_while_starting = 0;
};

/// Some lives of a server, each ended by a power cut, a kill or as it should be, with clients that come and go. All of
/// it follows from the seed, in one thread and without waiting for anything.
class World {
 public:
  World(std::uint64_t seed, Mutation mutation, Trace::Show show);
  Outcome run();

 private:
  enum class Death { by_power, by_kill, in_order };

  void live(bool last);
  void plan_death(bool last);
  bool start();
  void step();
  std::optional<Event> next_event();
  void end_life(Death death, crash::DiskJournal::Loss loss);
  void die();
  crash::DiskJournal::Loss draw_loss();
  Time draw_soon(Time longest) { return now_ + chance_.up_to(longest); }

  void client_comes();
  Weather draw_weather();
  std::unique_ptr<End> draw_reader(const std::string& name);
  std::unique_ptr<End> draw_sender(const std::string& name);
  void upkeep();

  bool inspect();
  bool talk(End& client, ServerEnd& server);
  bool read_everything(Oracle::Found& found);
  bool deliver_one();
  Place place(std::string name);

  Chance chance_;
  const Mutation mutation_;
  Trace trace_;
  Oracle oracle_{trace_};
  Machine machine_;
  Time now_{0};
  Time skew_{0};  ///< What the machine's clock is off.
  std::vector<std::unique_ptr<Line>> lines_;
  unsigned lines_begun_ = 0;
  unsigned starts_ = 0;
  std::size_t clients_to_come_ = 0;
  Time client_comes_at_{0};
  Time upkeep_at_{0};
  std::optional<Time> dies_at_;
  bool alive_ = false;
  Outcome outcome_;
};

}  // namespace fermo::simulation
