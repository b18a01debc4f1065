#include "fetch_accounts/account_edit.h"

#include <algorithm>
#include <vector>

#include "config/text.h"
#include "fetch_accounts/toml_lines.h"

namespace fermo::fetch_accounts {
namespace {

using Kind = Statement::Kind;

std::string_view line_end_of(std::string_view text) {
  return text.find("\r\n") == std::string_view::npos ? "\n" : "\r\n";
}

std::string key_text(std::string_view key) {
  constexpr std::string_view bare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  const bool is_bare = !key.empty() && key.find_first_not_of(bare) == std::string_view::npos;
  return is_bare ? std::string(key) : config::toml_string(key);
}

std::string assignment(std::string_view key, std::string_view value, std::string_view line_end) {
  return key_text(key) + " = " + std::string(value) + std::string(line_end);
}

/// The statements of one table: its header and what follows up to the next one, or rather to the comment that belongs
/// to the next one.
struct TableLines {
  std::size_t header;
  std::size_t end;
};

/// The first of the comment lines that stand right above a header, or the header itself.
std::size_t comment_above(const std::vector<Statement>& statements, std::size_t header) {
  std::size_t first = header;
  while (first > 0 && statements[first - 1].kind == Kind::comment) --first;
  return first;
}

std::optional<TableLines> find_table(const std::vector<Statement>& statements, std::string_view name) {
  const std::vector<std::string> path{"account", std::string(name)};
  const auto is_it = [&](const Statement& one) { return one.kind == Kind::header && one.path == path; };
  const auto header = std::ranges::find_if(statements, is_it);
  if (header == statements.end()) return std::nullopt;
  const auto is_header = [](const Statement& one) { return one.kind == Kind::header; };
  const auto next = std::find_if(header + 1, statements.end(), is_header);
  const auto index = [&](auto at) { return static_cast<std::size_t>(at - statements.begin()); };
  const std::size_t end = next == statements.end() ? statements.size() : comment_above(statements, index(next));
  return TableLines{index(header), std::max(end, index(header) + 1)};
}

/// Where what belongs to a table ends: with the comment right below its last key, and the blank lines after that.
std::size_t content_end(const std::vector<Statement>& statements, const TableLines& table) {
  std::size_t end = table.header + 1;
  for (std::size_t i = end; i < table.end; ++i) {
    if (statements[i].kind == Kind::assignment) end = i + 1;
  }
  while (end < table.end && statements[end].kind == Kind::comment) ++end;
  while (end < table.end && statements[end].kind == Kind::blank) ++end;
  return end;
}

/// With one key changed.
std::string changed(std::string_view text, const std::vector<Statement>& statements, const TableLines& table,
                    const KeyChange& change) {
  std::size_t last = table.header;
  for (std::size_t i = table.header + 1; i < table.end; ++i) {
    const Statement& statement = statements[i];
    if (statement.kind != Kind::assignment) continue;
    last = i;
    if (statement.path.size() != 1 || statement.path.front() != change.key) continue;
    const std::size_t from = change.value ? statement.value_begin : statement.begin;
    const std::size_t to = change.value ? statement.value_end : statement.end;
    return std::string(text.substr(0, from)) + change.value.value_or("") + std::string(text.substr(to));
  }
  if (!change.value) return std::string(text);
  const std::string_view line_end = line_end_of(text);
  const Statement& before = statements[last];
  std::string out(text.substr(0, before.end));
  if (!out.ends_with('\n')) out += line_end;
  if (last != table.header) out += text.substr(before.begin, before.indent);
  return out + assignment(change.key, *change.value, line_end) + std::string(text.substr(before.end));
}

}  // namespace

std::string with_account(std::string_view text, std::string_view name, std::span<const KeyChange> keys) {
  const std::string_view line_end = line_end_of(text);
  std::string out(text);
  if (!out.empty() && !out.ends_with('\n')) out += line_end;
  if (!out.empty() && !out.ends_with("\n\n") && !out.ends_with("\n\r\n")) out += line_end;
  out.append("[account.").append(key_text(name)).append("]").append(line_end);
  for (const KeyChange& key : keys) {
    if (key.value) out += assignment(key.key, *key.value, line_end);
  }
  return out;
}

std::optional<std::string> with_changes(std::string_view text, std::string_view name,
                                        std::span<const KeyChange> changes) {
  std::string out(text);
  for (const KeyChange& change : changes) {
    const auto statements = statements_of(out);
    const auto table = find_table(statements, name);
    if (!table) return std::nullopt;
    out = changed(out, statements, *table, change);
  }
  return out;
}

std::optional<std::string> without_account(std::string_view text, std::string_view name) {
  const auto statements = statements_of(text);
  const auto table = find_table(statements, name);
  if (!table) return std::nullopt;
  std::size_t first = comment_above(statements, table->header);
  if (first == 0) first = table->header;  // a comment at the beginning is about the file
  const std::size_t end = content_end(statements, *table);
  const bool is_last = end == statements.size();
  while (is_last && first > 0 && statements[first - 1].kind == Kind::blank) --first;
  const std::size_t after = is_last ? text.size() : statements[end].begin;
  return std::string(text.substr(0, statements[first].begin)) + std::string(text.substr(after));
}

}  // namespace fermo::fetch_accounts
