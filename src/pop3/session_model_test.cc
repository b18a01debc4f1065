#include <gtest/gtest.h>

#include <random>
#include <set>

#include "pop3/server_session.h"

/// A session against the simplest model of RFC 1939 there is.
namespace fermo::pop3 {
namespace {

ServerSettings loopback() {
  ServerSettings settings;
  settings.host_name = "pop.example.org";
  settings.plaintext_logins = true;
  return settings;
}

/// What RFC 1939 says a maildrop looks like during one session, in the simplest form there is.
class Model {
 public:
  explicit Model(std::uint64_t messages) : messages_(messages) {}

  static std::uint64_t octets(std::uint64_t n) { return n * 7919 % 100'000; }
  static std::string unique_id(std::uint64_t n) { return "uid-" + std::to_string(n * 31); }

  bool holds(std::uint64_t n) const { return n >= 1 && n <= messages_ && !marked_.contains(n); }
  std::uint64_t count() const { return messages_ - marked_.size(); }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 1; n <= messages_; ++n) sum += holds(n) ? octets(n) : 0;
    return sum;
  }
  std::string listing(bool unique_ids) const {
    std::string lines;
    for (std::uint64_t n = 1; n <= messages_; ++n) {
      if (holds(n)) lines += std::to_string(n) + " " + (unique_ids ? unique_id(n) : std::to_string(octets(n))) + "\r\n";
    }
    return lines + ".\r\n";
  }
  std::set<std::uint64_t>& marked() { return marked_; }
  std::uint64_t messages() const { return messages_; }

 private:
  std::uint64_t messages_;
  std::set<std::uint64_t> marked_;
};

class ModelledSession {
 public:
  explicit ModelledSession(std::uint64_t seed) : random_(seed), model_(below(50) == 0 ? 400 + below(800) : below(9)) {
    run("", "+OK POP3 server ready at pop.example.org\r\n");
    run("USER mrose", "+OK Send PASS\r\n");
    run("PASS secret", "+OK Maildrop has " + counted() + "\r\n");
  }

  void go_on() {
    const auto n = below(model_.messages() + 2);
    const auto name = std::to_string(n);
    switch (below(10)) {
      case 0:
        return run("STAT", "+OK " + std::to_string(model_.count()) + " " + std::to_string(model_.total()) + "\r\n");
      case 1:
        return run("LIST", "+OK " + counted() + "\r\n" + model_.listing(false));
      case 2:
        return run("UIDL", "+OK Unique-ids follow\r\n" + model_.listing(true));
      case 3:
        return about("LIST " + name, n, "+OK " + name + " " + std::to_string(Model::octets(n)) + "\r\n");
      case 4:
        return about("UIDL " + name, n, "+OK " + name + " " + Model::unique_id(n) + "\r\n");
      case 5:
        return about("RETR " + name, n, "+OK " + std::to_string(Model::octets(n)) + " octets\r\n<" + name + ">.\r\n");
      case 6:
        return about("TOP " + name + " 5", n, "+OK Top of message follows\r\n<" + name + ":5>.\r\n");
      case 7:
        return run("NOOP", "+OK\r\n");
      case 8:
        return below(6) == 0 ? reset() : run("STAT x", "-ERR No argument expected\r\n");
      default:
        about("DELE " + name, n, "+OK Marked as deleted\r\n");
        if (model_.holds(n)) model_.marked().insert(n);
    }
  }

  /// Nothing but QUIT commits, and QUIT commits what is marked.
  void leave() {
    const auto expected = std::vector<std::uint64_t>(model_.marked().begin(), model_.marked().end());
    switch (below(4)) {
      case 0:
        session_.end_of_input();
        break;
      case 1:
        session_.expire();
        break;
      case 2:
        session_.shut_down();
        break;
      default:
        session_.receive("QUIT\r\n");
        quitting_ = true;
    }
    obey();
    EXPECT_TRUE(closed_);
    EXPECT_EQ(committed_, quitting_ ? expected : std::vector<std::uint64_t>());
    EXPECT_EQ(session_.record().deleted, committed_.size());
  }

 private:
  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }
  std::string counted() const {
    return std::to_string(model_.count()) + " messages (" + std::to_string(model_.total()) + " octets)";
  }

  void reset() {
    model_.marked().clear();
    run("RSET", "+OK Maildrop has " + counted() + "\r\n");
  }

  void about(const std::string& command, std::uint64_t n, const std::string& reply) {
    const bool marked = model_.marked().contains(n);
    run(command, model_.holds(n) ? reply
                 : marked        ? "-ERR Message is marked as deleted\r\n"
                                 : "-ERR No such message\r\n");
  }

  void run(const std::string& command, const std::string& reply) {
    sent_.clear();
    if (!command.empty()) session_.receive(command + "\r\n");
    obey();
    EXPECT_EQ(sent_, reply) << command;
  }

  void obey() {
    while (!closed_) {
      const auto step = session_.next();
      if (std::holds_alternative<NeedInput>(step)) return;
      std::visit([this](const auto& concrete) { take(concrete); }, step);
    }
  }

  void take(const NeedInput&) {}
  void take(const StartTls&) { FAIL() << "nobody asked for TLS"; }
  void take(const Send& send) { sent_ += send.octets; }
  void take(const Verify&) { session_.answer(Verified{sasl::Verdict::accepted, "mrose"}); }
  void take(const OpenMaildrop&) {
    session_.answer(MaildropOpened{mail::DropListing{.messages = model_.messages(), .octets = {model_.total()}}});
  }
  void take(const ReadScanListings& read) {
    std::vector<mail::ScanListing> listings;
    for (auto n = read.first.value(); n < read.first.value() + read.count; ++n) {
      listings.push_back({*mail::UniqueId::from(Model::unique_id(n)), {Model::octets(n)}});
    }
    session_.answer(ScanListings{std::move(listings)});
  }
  void take(const SendMessage& message) {
    sent_ += message.preface + "<" + std::to_string(message.number.value());
    if (message.body_lines) sent_ += ":" + std::to_string(*message.body_lines);
    sent_ += ">";
    session_.answer(MessageSent{{}, true});
  }
  void take(const Commit& commit) {
    for (const auto n : commit.deletions) committed_.push_back(n.value());
    session_.answer(Committed{{}});
  }
  void take(const Close&) { closed_ = true; }

  std::mt19937_64 random_;
  Model model_;
  ServerSession session_{loopback(), false};
  std::string sent_;
  std::vector<std::uint64_t> committed_;
  bool quitting_ = false;
  bool closed_ = false;
};

TEST(ModelledSession, AnswersRandomCommandsAsAModelDoes) {
  for (std::uint64_t seed = 1; seed <= 1500 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ModelledSession session(seed);
    for (int i = 0; i < 40 && !HasFailure(); ++i) session.go_on();
    session.leave();
  }
}

}  // namespace
}  // namespace fermo::pop3
