#include "mail/shown_text.h"

#include <gtest/gtest.h>

namespace fermo::mail {
namespace {

constexpr std::size_t enough = 100;

TEST(ShownText, LeavesWordsOfAnyLanguage) {
  EXPECT_EQ(shown_text("550 5.1.1 no such user: änn 日本 \U0001F4EC", enough),
            "550 5.1.1 no such user: änn 日本 \U0001F4EC");
}

TEST(ShownText, HidesWhatActsOnATerminal) {
  EXPECT_EQ(shown_text("a\x1b[2Jb\tc\x7f", enough), "a?[2Jb?c?");
  EXPECT_EQ(shown_text("a\xc2\x9b"
                       "b",
                       enough),
            "a?b");  // CSI of C1
  EXPECT_EQ(shown_text("a\xe2\x80\xae"
                       "b\xd8\x9c"
                       "c",
                       enough),
            "a?b?c");  // U+202E, U+061C
}

TEST(ShownText, HidesWhatIsNoUtf8OctetByOctet) {
  EXPECT_EQ(shown_text("caf\xe9 \xc3\xa9", enough), "caf? ??");
}

TEST(ShownText, CutsBetweenCharacters) {
  EXPECT_EQ(shown_text("aäb", 2), "a");
  EXPECT_EQ(shown_text("aäb", 3), "aä");
  EXPECT_EQ(shown_text("\r\n\r\n", 3), "???");
}

}  // namespace
}  // namespace fermo::mail
