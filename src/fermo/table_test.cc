#include "fermo/table.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace fermo::commands {
namespace {

std::string printed(const Table& table) {
  std::ostringstream out;
  table.print(out);
  return out.str();
}

TEST(Table, AlignsColumns) {
  Table table({{"NAME"}, {"OCTETS", Table::Align::right}, {"NOTE"}});
  table.add({"ann", "1", "short"});
  table.add({"somebody", "1234567", ""});
  EXPECT_EQ(printed(table),
            "NAME       OCTETS  NOTE\n"
            "ann             1  short\n"
            "somebody  1234567  \n");
}

TEST(Table, CountsCharactersNotOctets) {
  Table table({{"NAME"}, {"N", Table::Align::right}});
  table.add({"zoë", "1"});
  table.add({"anna", "2"});
  EXPECT_EQ(printed(table),
            "NAME  N\n"
            "zoë   1\n"
            "anna  2\n");
}

TEST(Table, AnEmptyOneHasItsHeadings) {
  EXPECT_EQ(printed(Table({{"A"}, {"B"}})), "A  B\n");
}

TEST(Printable, ControlCharactersDoNotReachTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31m\nb\x7f"), "a?[31m?b?");
  EXPECT_EQ(printable("zoë"), "zoë");
}

}  // namespace
}  // namespace fermo::commands
