#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/trace.h"

namespace fermo::simulation {

/// What the clients were told, and whether what they find agrees with it. Knows nothing of how the server works.
class Oracle {
 public:
  using Token = std::uint64_t;     ///< Names a message that was sent.
  using Deletion = std::uint64_t;  ///< Names what one session deletes.
  using UniqueId = std::string;

  enum class Outcome {
    unknown,       ///< Wholly or not at all, until somebody has seen which.
    acknowledged,  ///< Holds for ever.
    refused,       ///< Never happened.
  };

  struct Message {
    UniqueId unique_id;
    std::string octets;
  };
  /// Everything that a session finds in one maildrop.
  using Found = std::map<std::string, std::vector<Message>>;

  /// What a session that begins now must find, and must not.
  struct Expectation {
    std::set<UniqueId> there;
    std::set<UniqueId> gone;
  };

  explicit Oracle(Trace& trace) : trace_(trace) {}

  // --- What clients do and are told ----------------------------------------------------------------------------------

  /// A message for these users, whose names may repeat. Until delivered() says more its outcome is unknown.
  Token send(std::vector<std::string> users);
  void delivered(Token token, Outcome outcome);
  static std::string content_of(Token token);

  Expectation expect(const std::string& user) const;
  /// Whether somebody has retrieved this before.
  bool is_known(const std::string& user, const UniqueId& unique_id) const { return known_.contains({user, unique_id}); }
  void lists(const std::string& user, const std::set<UniqueId>& listed, const Expectation& expected);
  void retrieves(const std::string& user, const Message& message);
  /// The session has said QUIT with these marked as deleted.
  Deletion deletes(const std::string& user, std::set<UniqueId> unique_ids);
  void deleted(Deletion deletion, Outcome outcome);

  // --- What is there -------------------------------------------------------------------------------------------------

  /// While no session is under way, so that what is not there now never will be.
  void judge(const Found& found);
  void complain(const std::string& what);

  const std::vector<std::string>& complaints() const { return complaints_; }
  std::uint64_t acknowledged() const { return acknowledged_; }
  std::uint64_t deletions_acknowledged() const { return deletions_acknowledged_; }

 private:
  struct Sent {
    std::map<std::string, std::size_t> copies;  ///< How many each user gets.
    Outcome outcome = Outcome::unknown;
  };
  struct Known {
    Token token;
    std::string octets;
  };
  struct Group {
    std::string user;
    std::set<UniqueId> unique_ids;
    Outcome outcome = Outcome::unknown;
  };
  using Place = std::pair<std::string, UniqueId>;

  void judge_order(const std::string& user, const std::vector<Message>& found);
  void judge_messages(const std::string& user, const std::vector<Message>& found);
  void judge_delivery(Token token, Sent& sent);
  void settle_deletions();
  bool is_gone(const std::string& user, const UniqueId& unique_id) const;
  bool may_be_gone(const std::string& user, const UniqueId& unique_id) const;
  void get_to_know(const std::string& user, const Message& message);

  Trace& trace_;
  std::vector<Sent> sent_;     ///< By token.
  std::vector<Group> groups_;  ///< By deletion.
  std::map<Place, Known> known_;
  std::map<std::pair<std::string, Token>, std::size_t> copies_seen_;  ///< Under how many unique-ids, ever.
  std::set<Place> there_;                                             ///< When it was last judged.
  std::map<std::string, std::vector<UniqueId>> order_;                ///< Of each user's messages then.
  std::vector<std::string> complaints_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t deletions_acknowledged_ = 0;
};

}  // namespace fermo::simulation
