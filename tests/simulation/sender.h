#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "simulation/ends.h"
#include "simulation/oracle.h"

namespace fermo::simulation {

/// A mail transport that delivers some messages by LMTP (RFC 2033), each for one or several users.
class Sender final : public End {
 public:
  struct Plan {
    std::size_t messages = 1;
    std::size_t recipients_max = 3;
    bool pipelining = true;
    bool chunks = false;             ///< BDAT instead of DATA.
    bool leaves_in_content = false;  ///< In the middle of the last message.
  };

  Sender(std::string name, const Plan& plan, Oracle& oracle, Chance& chance, Trace& trace);

  void receive(std::string_view octets) override;
  void end_of_input() override { end("disconnected"); }
  void expire() override { end("waits no longer"); }
  std::string take_sent() override { return std::exchange(sent_, {}); }
  bool over() const override { return over_; }
  std::chrono::seconds time_limit() const override { return limits::client_reply_time_max; }

  /// Every message was taken over, and QUIT answered.
  bool ended_well() const { return ended_well_; }

 private:
  enum class Awaited { greeting, lhlo, mail, recipient, unknown_recipient, data, chunk, delivered, quit };
  struct Command {
    std::string octets;
    Awaited awaited;
  };

  void take_reply(std::string_view line);
  void go_on(Awaited answered);
  void give(Command command);
  void give_next();
  void begin_message();
  std::vector<std::string> draw_recipients();
  void send_content();
  void send_chunks();
  void take_delivered(bool good);
  void end(std::string_view why);

  const std::string name_;
  const Plan plan_;
  Oracle& oracle_;
  Chance& chance_;
  Trace& trace_;
  std::string inbox_;
  std::string sent_;
  std::deque<Awaited> awaited_;
  std::deque<Command> commands_;  ///< Not given yet.
  std::size_t messages_left_;
  std::size_t recipients_ = 0;          ///< Of the message under way, those whom the server has.
  std::optional<Oracle::Token> token_;  ///< Of the message under way.
  bool all_sent_ = false;
  std::size_t accepted_ = 0;
  std::size_t answered_ = 0;
  bool all_delivered_ = true;
  bool over_ = false;
  bool ended_well_ = false;
};

}  // namespace fermo::simulation
