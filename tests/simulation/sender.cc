#include "simulation/sender.h"

#include <algorithm>

#include "mail/wire_message.h"
#include "simulation/server_ends.h"

namespace fermo::simulation {

Sender::Sender(std::string name, const Plan& plan, Oracle& oracle, Chance& chance, Trace& trace)
    : name_(std::move(name) + " sender"),
      plan_(plan),
      oracle_(oracle),
      chance_(chance),
      trace_(trace),
      awaited_{Awaited::greeting},
      messages_left_(plan.messages) {}

void Sender::receive(std::string_view octets) {
  inbox_ += octets;
  for (auto end = inbox_.find("\r\n"); end != std::string::npos && !over_; end = inbox_.find("\r\n")) {
    const std::string line = inbox_.substr(0, end);
    inbox_.erase(0, end + 2);
    if (line.size() < 4) return end_of_input();
    if (line[3] == ' ') take_reply(line);
  }
}

void Sender::take_reply(std::string_view line) {
  if (awaited_.empty() || line.starts_with("421")) return end(line);
  const Awaited answered = awaited_.front();
  awaited_.pop_front();
  const char good = answered == Awaited::data ? '3' : answered == Awaited::unknown_recipient ? '5' : '2';
  if (answered == Awaited::delivered) {
    trace_.note(name_, line);
    return take_delivered(line[0] == good);
  }
  if (line[0] != good) {
    oracle_.complain("an unexpected reply: " + std::string(line));
    return end(line);
  }
  if (answered == Awaited::quit) {
    ended_well_ = all_delivered_;
    return end("through");
  }
  go_on(answered);
}

void Sender::go_on(Awaited answered) {
  if (answered == Awaited::greeting) return give({"LHLO client.example.org\r\n", Awaited::lhlo});
  if (answered == Awaited::lhlo) return begin_message();
  if (answered == Awaited::data) return send_content();
  if (!commands_.empty() && awaited_.empty()) return give_next();
  const bool envelope_ends = answered == Awaited::recipient || answered == Awaited::unknown_recipient;
  if (plan_.chunks && envelope_ends && awaited_.empty()) send_chunks();
}

void Sender::give(Command command) {
  sent_ += command.octets;
  awaited_.push_back(command.awaited);
}

void Sender::give_next() {
  do {
    give(std::move(commands_.front()));
    commands_.pop_front();
  } while (plan_.pipelining && !commands_.empty());
}

std::vector<std::string> Sender::draw_recipients() {
  std::vector<std::string> drawn;
  for (std::size_t left = 1 + chance_.below(plan_.recipients_max); left > 0; --left) {
    drawn.emplace_back(users[chance_.below(users.size())]);
  }
  return drawn;
}

void Sender::begin_message() {
  std::vector<std::string> recipients = draw_recipients();
  token_ = oracle_.send(recipients);
  recipients_ = recipients.size();
  all_sent_ = false;
  accepted_ = answered_ = 0;
  trace_.note(name_, "has message " + std::to_string(*token_) + " for " + std::to_string(recipients_));
  if (chance_.one_in(6)) recipients.insert(recipients.begin(), "nobody");
  commands_.push_back({"MAIL FROM:<>\r\n", Awaited::mail});
  for (const std::string& user : recipients) {
    const Awaited awaited = has_user(user) ? Awaited::recipient : Awaited::unknown_recipient;
    commands_.push_back({"RCPT TO:<" + user + "@example.org>\r\n", awaited});
  }
  if (!plan_.chunks) commands_.push_back({"DATA\r\n", Awaited::data});
  give_next();
}

void Sender::send_content() {
  std::string wire;
  mail::WireEncoder encoder(mail::WireEncoder::BareLf::keep);
  encoder.encode(Oracle::content_of(*token_), wire);
  encoder.finish(wire);
  if (plan_.leaves_in_content && messages_left_ == 1) {
    sent_ += wire.substr(0, chance_.below(wire.size() + 1));
    return end("leaves in the content");
  }
  sent_ += wire + ".\r\n";
  all_sent_ = true;
  awaited_.insert(awaited_.end(), recipients_, Awaited::delivered);
}

void Sender::send_chunks() {
  const std::string content = Oracle::content_of(*token_);
  for (std::size_t at = 0; !all_sent_;) {
    const std::size_t octets = std::min(content.size() - at, 1 + chance_.below(100'000));
    const bool last = at + octets == content.size();
    if (last && plan_.leaves_in_content && messages_left_ == 1) return end("leaves before the last chunk");
    sent_ += "BDAT " + std::to_string(octets) + (last ? " LAST\r\n" : "\r\n") + content.substr(at, octets);
    awaited_.insert(awaited_.end(), last ? recipients_ : 1, last ? Awaited::delivered : Awaited::chunk);
    at += octets;
    all_sent_ = last;
  }
}

void Sender::take_delivered(bool good) {
  ++answered_;
  if (good && accepted_++ == 0) oracle_.delivered(*token_, Oracle::Outcome::acknowledged);
  if (answered_ < recipients_) return;
  if (accepted_ != 0 && accepted_ != recipients_) {
    oracle_.complain("message " + std::to_string(*token_) + " was taken over for some of its recipients");
  }
  if (accepted_ == 0) oracle_.delivered(*token_, Oracle::Outcome::refused);
  all_delivered_ = all_delivered_ && accepted_ > 0;
  token_.reset();
  if (--messages_left_ > 0) return begin_message();
  give({"QUIT\r\n", Awaited::quit});
}

void Sender::end(std::string_view why) {
  if (over_) return;
  over_ = true;
  trace_.note(name_, why);
  if (token_ && !all_sent_) oracle_.delivered(*token_, Oracle::Outcome::refused);
}

}  // namespace fermo::simulation
