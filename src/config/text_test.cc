#include "config/text.h"

#include <gtest/gtest.h>

#include <string>

#include "config/config.h"

namespace fermo::config {
namespace {

TEST(Text, PrintableEscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a b\xC3\xBC"), "a b\xC3\xBC");
  EXPECT_EQ(printable("\x1B[31m\r\n\x7F"), "\\x1B[31m\\x0D\\x0A\\x7F");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xC2\\x9B");
  EXPECT_EQ(printable("\xFF\xC3"), "\\xFF\\xC3");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Text, InQuotesCutsWhatIsLong) {
  EXPECT_EQ(in_quotes("abc"), "\"abc\"");
  EXPECT_LT(in_quotes(std::string(10'000, 'x')).size(), 100U);
}

TEST(Text, TomlStringsEscapeQuotesBackslashesAndControls) {
  EXPECT_EQ(toml_string("a\"b\\c\n\x01\xC3\xBC"), "\"a\\\"b\\\\c\\u000A\\u0001\xC3\xBC\"");
  EXPECT_EQ(toml_string("\xFF"), "\"\\uFFFD\"");
}

TEST(Problem, TextNamesTheFileAndTheLine) {
  EXPECT_EQ((Problem{12, "data is empty"}).text("fermo.toml"), "fermo.toml:12: data is empty");
  EXPECT_EQ((Problem{{}, "too long"}).text("a\nb.toml"), "a\\x0Ab.toml: too long");
}

}  // namespace
}  // namespace fermo::config
