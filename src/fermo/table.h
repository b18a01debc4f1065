#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace fermo::commands {

/// A table for people: a line of headings, columns two spaces apart, numbers to the right.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string heading;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add(std::vector<std::string> cells);
  void print(std::ostream& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Without what could move the cursor or colour the terminal: control characters become "?".
std::string printable(std::string_view text);

}  // namespace fermo::commands
