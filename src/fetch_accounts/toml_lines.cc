#include "fetch_accounts/toml_lines.h"

namespace fermo::fetch_accounts {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Statement> run() {
    std::vector<Statement> statements;
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text_.starts_with(byte_order_mark)) at_ = byte_order_mark.size();
    while (at_ < text_.size()) statements.push_back(next(statements.empty() ? 0 : at_));
    return statements;
  }

 private:
  bool ended() const { return at_ >= text_.size(); }
  char here() const { return text_[at_]; }
  bool at_line_end() const { return ended() || here() == '\n' || (here() == '\r' && text_.substr(at_, 2) == "\r\n"); }
  void skip_space() {
    while (!ended() && is_space(here())) ++at_;
  }
  void skip_line() {
    while (!ended() && here() != '\n') ++at_;
    if (!ended()) ++at_;
  }

  Statement next(std::size_t begin) {
    Statement statement;
    statement.begin = begin;
    const std::size_t line = at_;
    skip_space();
    statement.indent = at_ - line;
    if (at_line_end()) {
      statement.kind = Statement::Kind::blank;
    } else if (here() == '#') {
      statement.kind = Statement::Kind::comment;
    } else if (here() == '[') {
      statement.kind = Statement::Kind::header;
      ++at_;
      // The path of an array of tables is none that could be changed here.
      if (!ended() && here() != '[') statement.path = path(']');
    } else {
      statement.kind = Statement::Kind::assignment;
      statement.path = path('=');
      value(statement);
    }
    skip_line();
    statement.end = at_;
    return statement;
  }

  /// A dotted key up to `delimiter`, which is passed.
  std::vector<std::string> path(char delimiter) {
    std::vector<std::string> parts(1);
    while (!at_line_end() && here() != delimiter) {
      const char c = here();
      if (c == '"' || c == '\'') {
        parts.back() += quoted();
        continue;
      }
      if (c == '.') parts.emplace_back();
      if (c != '.' && !is_space(c)) parts.back() += c;
      ++at_;
    }
    if (!at_line_end()) ++at_;
    return parts;
  }

  /// What stands between quotes in one line; of escapes only those of quotes and backslashes are undone.
  std::string quoted() {
    const char quote = here();
    std::string content;
    for (++at_; !at_line_end() && here() != quote; ++at_) {
      const bool escape = quote == '"' && here() == '\\' && at_ + 1 < text_.size();
      if (escape && (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\')) ++at_;
      content += here();
    }
    if (!at_line_end()) ++at_;
    return content;
  }

  void value(Statement& statement) {
    skip_space();
    statement.value_begin = statement.value_end = at_;
    std::size_t depth = 0;
    while (!ended()) {
      const char c = here();
      if (c == '#') {
        while (!at_line_end()) ++at_;
        continue;
      }
      if (at_line_end() && depth == 0) return;
      if (c == '"' || c == '\'') {
        (void)quoted();
        statement.value_end = at_;
        continue;
      }
      if (c == '[' || c == '{') ++depth;
      if ((c == ']' || c == '}') && depth > 0) --depth;
      ++at_;
      if (!is_space(c) && c != '\n' && c != '\r') statement.value_end = at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Statement> statements_of(std::string_view text) {
  return Scanner(text).run();
}

}  // namespace fermo::fetch_accounts
