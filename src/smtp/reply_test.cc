#include "smtp/reply.h"

#include <gtest/gtest.h>

namespace fermo::smtp {
namespace {

TEST(Reply, IsOneLineWithItsStatusCode) {
  EXPECT_EQ(reply_line(replies::unknown_recipient), "550 5.1.1 no such user here\r\n");
}

TEST(Reply, NamesWhatItIsAboutBeforeTheText) {
  EXPECT_EQ(reply_line(replies::delivered, "<a@b.example>"), "250 2.0.0 <a@b.example> delivered\r\n");
}

TEST(Reply, WithoutStatusCodeHasNoGap) {
  EXPECT_EQ(reply_line({220, "", "ready"}, "mx.example.org"), "220 mx.example.org ready\r\n");
}

TEST(Reply, OfSeveralLinesHasAHyphenOnAllButTheLast) {
  EXPECT_EQ(multi_line_reply({250, "", "mx"}, {"PIPELINING", "SIZE 1"}), "250-mx\r\n250-PIPELINING\r\n250 SIZE 1\r\n");
}

TEST(Reply, OfSeveralLinesHasTheStatusCodeOnEach) {
  EXPECT_EQ(multi_line_reply({214, "2.0.0", "a"}, {"b"}), "214-2.0.0 a\r\n214 2.0.0 b\r\n");
}

TEST(Reply, OfNoFurtherLinesIsOneLine) {
  EXPECT_EQ(multi_line_reply({250, "", "mx"}, {}), "250 mx\r\n");
}

TEST(Reply, RefusesFrom400On) {
  EXPECT_FALSE(replies::done.refuses());
  EXPECT_FALSE(replies::start_mail_input.refuses());
  EXPECT_TRUE(replies::timed_out.refuses());
  EXPECT_TRUE(replies::unknown_command.refuses());
}

// RFC 2034 §4: the class of the status code is the first digit of the reply.
TEST(Reply, AndStatusCodeAreOfTheSameClass) {
  using namespace replies;
  for (const Reply& reply : {goodbye,           done,
                             sender_good,       recipient_good,
                             chunk_taken,       delivered,
                             not_verified,      help,
                             timed_out,         shutting_down,
                             too_many_errors,   endless_line,
                             lost_in_chunks,    too_many_recipients,
                             unknown_command,   this_is_lmtp,
                             line_too_long,     bare_lf_line_end,
                             control_character, no_argument_expected,
                             argument_expected, bad_client_name,
                             bad_mail_syntax,   bad_rcpt_syntax,
                             bad_sender,        bad_recipient,
                             bad_parameter,     repeated_parameter,
                             bad_chunk_octets,  parameter_not_offered,
                             lhlo_first,        mail_first,
                             recipient_first,   nested_mail,
                             bdat_or_rset,      unknown_recipient,
                             bare_line_end,     too_large,
                             not_ascii}) {
    ASSERT_FALSE(reply.status.empty()) << reply.text;
    EXPECT_EQ(reply.status.front() - '0', reply.code / 100) << reply.text;
  }
}

}  // namespace
}  // namespace fermo::smtp
