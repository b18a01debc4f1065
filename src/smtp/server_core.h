#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mail/line_splitter.h"
#include "smtp/command.h"
#include "smtp/content.h"
#include "smtp/reply.h"
#include "smtp/server_session.h"

namespace fermo::smtp {

/// What stands behind ServerSession. The tables of transitions and the loop are in server_session.cc, what each command
/// does in transaction.cc, and the way of a message from the peer to the store in intake.cc.
class ServerSession::Core {
 public:
  explicit Core(ServerSettings settings);

  void receive(std::string_view octets);
  void end_input(End why);
  void shut_down() { shutting_down_ = true; }

  Step next();

  void answer(const RecipientResolved& outcome);
  void answer(const MessageBegun& outcome);
  void answer(const Appended& outcome);
  void answer(const Finished& outcome);

  std::chrono::seconds time_limit() const { return settings_.idle_time_max; }
  const SessionRecord& record() const { return record_; }

 private:
  /// Where the dialogue stands between two commands.
  enum class State { connected, greeted, sender_given, recipients_given, chunks_begun };
  /// What the next octets of the peer are. While a message is being finished they wait.
  enum class Input { command, mail_data, chunk, held_back, ended };
  /// The answer that the last step wants.
  enum class Awaited { nothing, recipient, begun, appended, finished };
  static Awaited awaited_after(const Step& step);

  using Handler = void (Core::*)(std::string_view argument);
  struct Transition {
    Verb verb;
    Handler handler;
  };
  static std::span<const Transition> transitions_of(State state);
  static std::span<const Transition> transitions_of_every_state();
  Handler handler_of(Verb verb) const;

  // The loop. Each goes one step further with what has been received, or says false: more is needed.
  bool advance();
  bool advance_command();
  bool advance_mail_data();
  bool advance_chunk();
  bool advance_finishing();
  void take_line(const mail::LineSplitter::Line& line);
  void refuse_line(const Reply& reply, std::string_view line);
  void settle(Awaited answered);

  // Ways to answer a command.
  void push(Step step) { steps_.push_back(std::move(step)); }
  void send(const Reply& reply, std::string_view subject = {});
  /// As send(), and a peer that is confused too often is sent away.
  void respond(const Reply& reply);
  /// Nothing that is still buffered after this is looked at.
  void close(End end, const Reply* last_words);

  // Commands.
  template <const Reply& reply>
  void say(std::string_view) {
    respond(reply);
  }
  void lhlo(std::string_view argument);
  void mail_from(std::string_view argument);
  void rcpt_to(std::string_view argument);
  void data(std::string_view argument);
  void bdat(std::string_view argument);
  template <const Reply& reply>
  void skip_chunk(std::string_view argument) {
    refuse_chunk(reply, argument);
  }
  void refuse_chunk(const Reply& reply, std::string_view argument);
  void rset(std::string_view argument);
  void vrfy(std::string_view argument);
  void quit(std::string_view argument);
  void forget_transaction();

  // Content.
  bool pass_on_content();
  void end_chunk();
  void end_content();
  void reply_for_each_recipient(const Reply& reply);
  void abandon_message();

  ServerSettings settings_;
  mail::LineSplitter lines_;
  std::deque<Step> steps_;  ///< Made and not yet given out.
  State state_ = State::connected;
  Input input_ = Input::command;
  Awaited awaited_ = Awaited::nothing;
  std::optional<End> input_over_;
  End end_ = End::quit;  ///< Once no more input is taken.
  bool shutting_down_ = false;
  unsigned confusions_ = 0;
  SessionRecord record_;

  Envelope envelope_;
  mail::Address candidate_;    ///< Of RCPT, until it is resolved.
  Content content_;            ///< Of this transaction; nothing has been given to it before DATA or BDAT.
  bool message_open_ = false;  ///< Begun at the driver, neither finished nor abandoned.
  struct Chunk {
    std::uint64_t octets_left = 0;
    bool last = false;
    std::optional<Reply> refusal;  ///< Set: its octets belong to no message.
  };
  Chunk chunk_;
};

}  // namespace fermo::smtp
