#include "maildrop_ipc/client_connection.h"

#include <vector>

#include <gtest/gtest.h>

namespace fermo::maildrop_ipc {
namespace {

/// Answers everything with Done, and keeps what it was asked.
class KeepingLine final : public Line {
 public:
  explicit KeepingLine(std::vector<Request>& asked) : asked_(asked) {}
  Outcome ask(std::string_view head, std::string_view rest, ipc::Frame& reply) override {
    asked_.push_back(decode_request(head, std::string(rest)).value());
    reply.head = encode(Reply(reply::Done{})).head;
    return Outcome::answered;
  }

 private:
  std::vector<Request>& asked_;
};

/// Whoever destroys a cursor may be a thread that must not wait.
TEST(ClientConnectionTest, ACursorThatIsLeftIsClosedWithTheNextRequest) {
  std::vector<Request> asked;
  ClientConnection connection(std::make_unique<KeepingLine>(asked));
  connection.close_later(7);
  connection.close_later(9);
  EXPECT_TRUE(asked.empty());
  ASSERT_TRUE(connection.ask<reply::Done>(request::CommitDeletions{}));
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(std::get<request::CloseCursor>(asked[0]).cursor, 7U);
  EXPECT_EQ(std::get<request::CloseCursor>(asked[1]).cursor, 9U);
  EXPECT_TRUE(std::holds_alternative<request::CommitDeletions>(asked[2]));
  ASSERT_TRUE(connection.ask<reply::Done>(request::CommitDeletions{}));
  EXPECT_EQ(asked.size(), 4U);
}

}  // namespace
}  // namespace fermo::maildrop_ipc
