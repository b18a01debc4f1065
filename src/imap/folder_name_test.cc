#include "imap/folder_name.h"

#include <gtest/gtest.h>

namespace fermo::imap {
namespace {

TEST(ModifiedUtf7, IsAsTheRfcHasIt) {
  // RFC 3501 §5.1.3.
  EXPECT_EQ(to_modified_utf7("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
}

TEST(ModifiedUtf7, LeavesAsciiAsItIsButTheAmpersand) {
  EXPECT_EQ(to_modified_utf7("INBOX"), "INBOX");
  EXPECT_EQ(to_modified_utf7("Q&A \"x\""), "Q&-A \"x\"");
}

TEST(ModifiedUtf7, EncodesEveryPlane) {
  EXPECT_EQ(to_modified_utf7("ü"), "&APw-");
  EXPECT_EQ(to_modified_utf7("aüüb"), "a&APwA,A-b");
  EXPECT_EQ(to_modified_utf7("\U0001F4EC"), "&2D3c7A-");
}

}  // namespace
}  // namespace fermo::imap
