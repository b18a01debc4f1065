#pragma once

#include <map>
#include <string>
#include <vector>

#include "pop3/client_harness.h"
#include "simulation/ends.h"
#include "simulation/oracle.h"

namespace fermo::simulation {

/// A user's program that looks at the mail, retrieves and deletes some of it, over the client's POP3 core.
class Reader final : public End {
 public:
  struct Plan {
    std::size_t retrieves_one_in = 1;  ///< Of what was never retrieved; 1: everything.
    std::size_t retrieves_again_one_in = 1;
    std::size_t deletes_one_in = 0;  ///< Of what has been retrieved, now or before; 0: nothing.
    bool changes_its_mind = false;   ///< RSET, and then once more.
    bool quits = true;               ///< Otherwise it goes away.
    pop3::client::Pipelining pipelining = pop3::client::Pipelining::probe;
    std::size_t window_octets = 500;
  };

  Reader(std::string name, std::string user, const Plan& plan, Oracle& oracle, Chance& chance, Trace& trace);

  void receive(std::string_view octets) override {
    happen([&] { harness_.receive(octets); });
  }
  void end_of_input() override {
    happen([&] { harness_.end_of_input(); });
  }
  void expire() override {
    happen([&] { harness_.expire(); });
  }
  std::string take_sent() override { return harness_.take_sent(); }
  bool over() const override { return over_; }
  std::chrono::seconds time_limit() const override { return harness_.time_limit(); }

  /// QUIT was answered +OK.
  bool ended_well() const { return harness_.closed() && harness_.close().end == pop3::client::End::quit; }
  const std::vector<Oracle::Message>& retrieved() const { return retrieved_; }

 private:
  template <class What>
  void happen(What what) {
    if (over_) return;
    what();
    take_messages();
    if (harness_.closed()) return end();
    act();
  }
  void take_messages();
  void act();
  void take_listing();
  void order_retrievals();
  void order_deletions();
  void leave();
  void end();

  const std::string name_;
  const std::string user_;
  const Plan plan_;
  Oracle& oracle_;
  Chance& chance_;
  Trace& trace_;
  const Oracle::Expectation expectation_;
  pop3::client::Harness harness_;
  enum class Stage { listing, retrieving, deleting, leaving } stage_ = Stage::listing;
  bool mind_changed_ = false;
  bool over_ = false;
  std::map<MessageNumber, Oracle::UniqueId> unique_ids_;
  std::size_t messages_taken_ = 0;
  std::vector<Oracle::Message> retrieved_;
  std::set<Oracle::UniqueId> marked_;
  std::optional<Oracle::Deletion> deletion_;
};

}  // namespace fermo::simulation
