#include "pop3/client_session.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>
#include <variant>

namespace fermo::pop3::client {
namespace {

using std::chrono_literals::operator""s;

Settings patient_for(std::chrono::seconds reply_time_max) {
  Settings settings;
  settings.user = "mrose";
  settings.secret = Secret("tanstaaf");
  settings.reply_time_max = reply_time_max;
  return settings;
}

void await_input(ClientSession& session) {
  while (!std::holds_alternative<NeedInput>(session.next())) {
  }
}

void answer(ClientSession& session, std::string_view reply) {
  await_input(session);
  session.receive(reply);
}

/// How long the client waits for the answer to QUIT after so many DELEs.
std::chrono::seconds wait_for_quit(std::uint64_t deletions) {
  ClientSession session(patient_for(7s));
  for (std::uint64_t n = 1; n <= deletions; ++n) session.order(Order::dele(*MessageNumber::from(n)));
  session.order(Order::quit());
  for (const auto* const reply : {"+OK\r\n", "-ERR\r\n", "+OK\r\n", "+OK\r\n"}) answer(session, reply);
  for (std::uint64_t n = 1; n <= deletions; ++n) {
    EXPECT_TRUE(n > 1 || session.time_limit() == 7s);
    answer(session, "+OK\r\n");
  }
  await_input(session);
  EXPECT_EQ(session.progress_time_limit() - session.time_limit(), limits::client_progress_time_max - 7s);
  return session.time_limit();
}

TEST(ClientSession, WaitsForQuitTheLongerTheMoreIsDeleted) {
  EXPECT_EQ(wait_for_quit(0), 7s);
  EXPECT_EQ(wait_for_quit(1), 7s + 1s);
  EXPECT_EQ(wait_for_quit(3'000), 7s + 3'000 * limits::client_deletion_time);
  EXPECT_EQ(wait_for_quit(200'000), 7s + limits::client_deletions_time_max);
}

std::chrono::seconds progress_limit_of(const Settings& settings) {
  return ClientSession(settings).progress_time_limit();
}

TEST(ClientSession, WaitsForProgressSeveralTimesAsLongAsForAnOctet) {
  EXPECT_EQ(progress_limit_of(patient_for(7s)), limits::client_progress_time_max);
  EXPECT_EQ(progress_limit_of(patient_for(1000s)), 5000s);
  Settings settings = patient_for(7s);
  settings.progress_time_max = 20s;
  EXPECT_EQ(progress_limit_of(settings), 20s);
}

TEST(ClientSession, CountsRepliesThatHaveComeToTheirEnd) {
  ClientSession session(patient_for(7s));
  session.order(Order::list());
  session.order(Order::retr(*MessageNumber::from(1)));
  session.order(Order::dele(*MessageNumber::from(1)));
  for (const auto* const reply : {"+OK\r\n", "-ERR\r\n", "+OK\r\n", "+OK\r\n"}) answer(session, reply);
  const auto replies_after = [&session](std::string_view part) {
    answer(session, part);
    await_input(session);
    return session.record().replies;
  };
  EXPECT_EQ(replies_after("+OK\r\n1 5\r\n"), 4U);
  EXPECT_EQ(replies_after("2 5\r\n"), 4U);
  EXPECT_EQ(replies_after(".\r\n"), 5U);
  EXPECT_EQ(replies_after("+OK\r\nte"), 5U);
  EXPECT_EQ(replies_after("xt\r\n"), 5U);
  EXPECT_EQ(replies_after(".\r\n"), 6U);
}

}  // namespace
}  // namespace fermo::pop3::client
