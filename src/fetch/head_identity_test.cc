#include "fetch/head_identity.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace fermo::fetch {
namespace {

const std::string head =
    "Received: from a by b; Tue, 1 Jan 2030 10:00:00 +0000\r\n"
    "Message-ID: <1@example.org>\r\n"
    "Subject: one\r\n two\r\n"
    "From: anna@example.org\r\n"
    "\r\n";

TEST(HeadIdentity, IsTheSameHoweverTheHeadIsCut) {
  const HeadIdentity whole = head_identity(head);
  EXPECT_EQ(whole.digest.size(), 40u);
  for (std::size_t cut = 0; cut <= head.size(); ++cut) {
    HeadReader reader;
    reader.append(std::string_view(head).substr(0, cut));
    reader.append(std::string_view(head).substr(cut));
    EXPECT_TRUE(reader.ended());
    EXPECT_EQ(reader.finish(), whole) << cut;
  }
}

TEST(HeadIdentity, PassesOverTheBody) {
  EXPECT_EQ(head_identity(head + "Subject: in the body\r\n"), head_identity(head));
}

TEST(HeadIdentity, PassesOverWhatServersAddAndHowTheyFoldAndEndLines) {
  const std::string other =
      "X-UIDL: 17\nReceived:from a   by b;\n\tTue, 1 Jan 2030 10:00:00 +0000\nMESSAGE-id : <1@example.org>  \n"
      "Status: RO\nSubject: one two\nFrom: anna@example.org\n\n";
  EXPECT_EQ(head_identity(other), head_identity(head));
}

TEST(HeadIdentity, TellsDifferentHeadsApart) {
  const auto with = [](std::string_view from, std::string_view to) {
    std::string changed = head;
    changed.replace(changed.find(from), from.size(), to);
    return head_identity(changed).digest;
  };
  EXPECT_NE(with("10:00:00", "10:00:01"), head_identity(head).digest);
  EXPECT_NE(with("<1@", "<2@"), head_identity(head).digest);
  EXPECT_NE(with("one", "ONE"), head_identity(head).digest);
  EXPECT_NE(with("From", "To"), head_identity(head).digest);
  EXPECT_NE(head_identity("To: a\r\nTo: b\r\n\r\n"), head_identity("To: b\r\nTo: a\r\n\r\n"));
}

TEST(HeadIdentity, IsStrongWithReceivedAndMessageIdOnly) {
  EXPECT_TRUE(head_identity(head).strong);
  EXPECT_FALSE(head_identity("Message-ID: <1@example.org>\r\n\r\n").strong);
  EXPECT_FALSE(head_identity("Received: from a by b\r\n\r\n").strong);
  EXPECT_FALSE(head_identity("").strong);
}

TEST(HeadIdentity, TakesAHeadThatNeverEndsInBoundedMemory) {
  HeadReader reader;
  const std::string piece(64 * 1024, 'x');
  reader.append("Subject: ");
  for (int i = 0; i < 100 && !reader.ended(); ++i) reader.append(piece);
  EXPECT_TRUE(reader.ended());
  const std::string long_subject = "Subject: " + std::string(limits::head_identity_octets_max + 10, 'x');
  EXPECT_EQ(reader.finish(), head_identity(long_subject));
}

}  // namespace
}  // namespace fermo::fetch
