#include "pop3/server_session.h"

#include <gtest/gtest.h>

#include "base/failure.h"

namespace fermo::pop3 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

MessageNumber number(std::uint64_t value) {
  return *MessageNumber::from(value);
}

ServerSettings loopback() {
  ServerSettings settings;
  settings.host_name = "pop.example.org";
  settings.plaintext_logins = true;
  return settings;
}

template <class S>
S expect_step(ServerSession& session) {
  Step step = session.next();
  EXPECT_TRUE(std::holds_alternative<S>(step)) << "step " << step.index();
  return std::move(std::get<S>(step));
}

/// Logs in to a maildrop of messages of 10 octets each, up to the point where the session wants input.
ServerSession logged_in(std::uint64_t messages) {
  ServerSession session(loopback(), false);
  expect_step<Send>(session);
  expect_step<NeedInput>(session);
  session.receive("USER mrose\r\nPASS secret\r\n");
  expect_step<Send>(session);
  expect_step<Verify>(session);
  session.answer(Verified{sasl::Verdict::accepted, "mrose"});
  expect_step<OpenMaildrop>(session);
  session.answer(MaildropOpened{mail::DropListing{.messages = messages, .octets = {10 * messages}}});
  expect_step<Send>(session);
  expect_step<NeedInput>(session);
  return session;
}

// --- What no dialogue shows ------------------------------------------------------------------------------------------

TEST(ServerSession, WaitsLongerForWhoHasLoggedIn) {
  auto settings = loopback();
  settings.autologout = std::chrono::minutes(30);
  settings.unauthenticated_time_max = std::chrono::seconds(45);
  EXPECT_EQ(ServerSession(settings, false).time_limit(), std::chrono::seconds(45));
  const auto session = logged_in(0);
  EXPECT_TRUE(session.authenticated());
  EXPECT_EQ(session.time_limit(), limits::pop3_autologout);
}

TEST(ServerSession, GreetsWithoutPromisingApop) {
  ServerSession session(loopback(), false);
  EXPECT_THAT(expect_step<Send>(session).octets, Not(HasSubstr("<")));
}

TEST(ServerSession, AsksForInputAsOftenAsItIsAsked) {
  auto session = logged_in(0);
  expect_step<NeedInput>(session);
  session.receive("NO");
  expect_step<NeedInput>(session);
  session.receive("OP\r\n");
  EXPECT_EQ(expect_step<Send>(session).octets, "+OK\r\n");
}

TEST(ServerSession, StaysClosed) {
  auto session = logged_in(0);
  session.receive("QUIT\r\nNOOP\r\n");
  expect_step<Send>(session);
  EXPECT_EQ(expect_step<Close>(session).end, End::quit);
  session.shut_down();
  EXPECT_EQ(expect_step<Close>(session).end, End::quit);
}

TEST(ServerSession, SpeaksOfTheMaildropAsItWasWhenItWasOpened) {
  auto session = logged_in(2);
  EXPECT_EQ(session.record().user, "mrose");
  EXPECT_TRUE(session.record().authenticated);
  EXPECT_EQ(session.record().commands, 2U);
}

TEST(ServerSession, FinishesACommitBeforeItShutsDown) {
  auto session = logged_in(1);
  session.receive("DELE 1\r\nQUIT\r\n");
  expect_step<ReadScanListings>(session);
  session.answer(ScanListings{std::vector{mail::ScanListing{*mail::UniqueId::from("a"), {10}}}});
  expect_step<Send>(session);
  EXPECT_THAT(expect_step<Commit>(session).deletions, ElementsAre(number(1)));
  session.shut_down();
  session.end_of_input();
  session.answer(Committed{{}});
  EXPECT_EQ(expect_step<Send>(session).octets, "+OK Goodbye\r\n");
  EXPECT_EQ(expect_step<Close>(session).end, End::quit);
  EXPECT_EQ(session.record().deleted, 1U);
}

TEST(ServerSession, FinishesAMessageBeforeItShutsDownAndTakesNoFurtherCommand) {
  auto session = logged_in(1);
  session.receive("TOP 1 0\r\nQUIT\r\n");
  expect_step<SendMessage>(session);
  session.shut_down();
  session.answer(MessageSent{{}, true});
  EXPECT_EQ(expect_step<Send>(session).octets, ".\r\n");
  EXPECT_EQ(expect_step<Close>(session).end, End::shut_down);
}

TEST(ServerSession, CommitsNothingWhenTheTimeIsUpBeforeQuit) {
  auto session = logged_in(1);
  session.receive("DELE 1\r\nQUIT\r\n");
  expect_step<ReadScanListings>(session);
  session.expire();
  session.answer(ScanListings{std::vector{mail::ScanListing{*mail::UniqueId::from("a"), {10}}}});
  expect_step<Send>(session);
  EXPECT_EQ(expect_step<Close>(session).end, End::autologout);
}

TEST(ServerSession, BreaksOffAListingWithoutItsLastLine) {
  auto session = logged_in(limits::scan_listings_at_once_max + 1);
  session.receive("UIDL\r\nNOOP\r\n");
  expect_step<ReadScanListings>(session);
  const mail::ScanListing any{*mail::UniqueId::from("a"), {10}};
  session.answer(ScanListings{std::vector(limits::scan_listings_at_once_max, any)});
  EXPECT_TRUE(expect_step<Send>(session).octets.ends_with("\r\n512 a\r\n"));
  EXPECT_EQ(expect_step<ReadScanListings>(session).first, number(limits::scan_listings_at_once_max + 1));
  session.answer(ScanListings{error_code(static_cast<int>(Failure::temporary), failure_category())});
  EXPECT_EQ(expect_step<Close>(session).end, End::failure);
}

TEST(ServerSession, EndsAfterTooManyMistakesInTransaction) {
  auto session = logged_in(0);
  for (unsigned i = 1; i < limits::pop3_authenticated_errors_max; ++i) {
    session.receive("LIST 1\r\n");
    expect_step<Send>(session);
    expect_step<NeedInput>(session);
  }
  session.receive("LIST 1\r\n");
  EXPECT_EQ(expect_step<Send>(session).octets, "-ERR No such message\r\n");
  EXPECT_EQ(expect_step<Close>(session).end, End::too_many_errors);
}

using ServerSessionDeathTest = ::testing::Test;

TEST(ServerSessionDeathTest, RefusesAnAnswerThatItDidNotAskFor) {
  auto session = logged_in(1);
  EXPECT_DEATH(session.answer(Committed{{}}), "awaited_");
  session.receive("TOP 1 0\r\n");
  expect_step<SendMessage>(session);
  EXPECT_DEATH(session.answer(TlsStarted{true}), "awaited_");
  EXPECT_DEATH(session.next(), "awaited_");
}

TEST(ServerSessionDeathTest, RefusesInputThatItDidNotAskFor) {
  ServerSession session(loopback(), false);
  EXPECT_DEATH(session.receive("STLS\r\n"), "input_wanted_");
  auto busy = logged_in(1);
  busy.receive("TOP 1 0\r\n");
  expect_step<SendMessage>(busy);
  EXPECT_DEATH(busy.receive("NOOP\r\n"), "input_wanted_");
}

}  // namespace
}  // namespace fermo::pop3
