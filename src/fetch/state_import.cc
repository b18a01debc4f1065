#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/limits.h"
#include "fetch/import.h"
#include "fetch/import_text.h"
#include "fetch/message_key.h"

namespace fermo::fetch {
namespace {

/// Collects what a file tells, one message at a time.
class StateReader {
 public:
  explicit StateReader(std::string_view text) : lines_(text.substr(0, limits::import_octets_max)) {
    if (text.size() > limits::import_octets_max) problem_of_all("the file is too long; only its beginning was read");
  }

  std::optional<std::string_view> next_line() { return lines_.next(); }
  void problem(std::string message) { state_.problems.add(lines_.number(), std::move(message)); }
  void problem_of_all(std::string message) { state_.problems.add(0, std::move(message)); }

  /// The account that later messages belong to.
  void enter(std::string_view host, std::string_view user, std::optional<std::uint16_t> port = std::nullopt) {
    const std::string name = std::string(user) + '\0' + std::string(host);
    const auto [at, fresh] = accounts_.try_emplace(name, state_.accounts.size());
    if (fresh) state_.accounts.push_back({std::string(host), std::string(user), port, {}});
    current_ = at->second;
  }

  void add(std::string_view unique_id, std::optional<Timestamp> seen = std::nullopt) {
    if (!is_usable_unique_id(unique_id)) {
      problem(quoted_for_people(unique_id) + " is no unique-id");
      return;
    }
    if (!known_.insert(std::to_string(current_) + ' ' + std::string(unique_id)).second) return;
    state_.accounts[current_].ids.push_back({std::string(unique_id), seen});
  }

  ImportedState finish() { return std::move(state_); }

 private:
  TextLines lines_;
  ImportedState state_;
  std::unordered_map<std::string, std::size_t> accounts_;
  std::unordered_set<std::string> known_;
  std::size_t current_ = 0;
};

/// Seconds since 1970; nothing when they make no sense.
std::optional<Timestamp> time_of(std::string_view text) {
  constexpr std::uint64_t latest = 253'402'300'799;  // the year 9999
  const auto seconds = decimal(text);
  if (!seconds || *seconds == 0 || *seconds > latest) return std::nullopt;
  return Timestamp(std::chrono::seconds(*seconds));
}

}  // namespace

void ImportProblems::add(std::uint64_t line, std::string message) {
  ++count_;
  if (list_.size() < limits::import_problems_max) list_.push_back({line, std::move(message)});
}

// The user may hold "@" and spaces, a unique-id of fetchmail's never holds a space: both are split at their last.
ImportedState read_fetchmail_ids(std::string_view text) {
  constexpr std::size_t fetchmail_cuts_at = 127;
  StateReader reader(text);
  while (const auto line = reader.next_line()) {
    const std::string_view content = trimmed(*line);
    if (content.empty()) continue;
    const std::size_t space = content.rfind(' ');
    const std::size_t at = space == std::string_view::npos ? space : content.rfind('@', space);
    if (at == std::string_view::npos || at == 0 || at + 1 == space) {
      reader.problem("this is not USER@HOST UNIQUE-ID");
      continue;
    }
    const std::string_view unique_id = content.substr(space + 1);
    reader.enter(content.substr(at + 1, space - at - 1), content.substr(0, at));
    reader.add(unique_id);
    if (unique_id.size() >= fetchmail_cuts_at) {
      reader.problem("fetchmail cuts unique-ids at 127 characters, so this message may be fetched again");
    }
  }
  return reader.finish();
}

ImportedState read_getmail_oldmail(std::string_view text, std::string_view file_name) {
  StateReader reader(text);
  constexpr std::string_view prefix = "oldmail-";
  std::string_view name = file_name.substr(file_name.rfind('/') + 1);
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  // SERVER may hold "-", as may USER: the first part that is a number is the port.
  std::size_t from = name.find('-');
  std::optional<std::uint16_t> port;
  std::size_t to = from;
  for (; from != std::string_view::npos; from = to) {
    to = name.find('-', from + 1);
    if (to == std::string_view::npos) break;
    port = port_number(name.substr(from + 1, to - from - 1));
    if (port) break;
  }
  if (!port) {
    reader.problem_of_all("the name of the file is not oldmail-SERVER-PORT-USER, so the account is not known");
    reader.enter("", "");
  } else {
    reader.enter(name.substr(0, from), name.substr(to + 1), port);
  }
  while (const auto line = reader.next_line()) {
    if (trimmed(*line).empty()) continue;
    const std::size_t nul = line->find('\0');
    const auto seen = nul == std::string_view::npos ? std::nullopt : time_of(trimmed(line->substr(nul + 1)));
    if (!seen) {
      reader.problem("this is not UNIQUE-ID, NUL, seconds");
    } else {
      reader.add(line->substr(0, nul), seen);
    }
  }
  return reader.finish();
}

ImportedState read_mpop_uidls(std::string_view text) {
  StateReader reader(text);
  std::uint64_t left = 0;
  bool entered = false;
  const auto check_count = [&] {
    if (entered && left > 0) reader.problem("unique-ids are missing: " + std::to_string(left) + " more were announced");
  };
  while (const auto line = reader.next_line()) {
    if (line->empty() || line->starts_with('#')) continue;
    if (!line->starts_with(' ')) {
      if (entered) {
        reader.add(*line);
        if (left > 0) --left;
      } else {
        reader.problem("a unique-id without an account before it");
      }
      continue;
    }
    check_count();
    const std::string_view content = line->substr(1);
    const std::size_t host = content.find(' ');
    const std::size_t user = host == std::string_view::npos ? host : content.find(' ', host + 1);
    const auto count = decimal(content.substr(0, host));
    entered = count && user != std::string_view::npos && user + 1 < content.size();
    left = entered ? *count : 0;
    if (entered) {
      reader.enter(content.substr(host + 1, user - host - 1), content.substr(user + 1));
    } else {
      reader.problem("this is not COUNT HOST USER");
    }
  }
  check_count();
  return reader.finish();
}

ImportedState read_thunderbird_popstate(std::string_view text) {
  StateReader reader(text);
  bool entered = false;
  std::uint64_t heads = 0;
  while (const auto line = reader.next_line()) {
    const std::string_view content = trimmed(*line);
    if (content.empty() || content.starts_with('#')) continue;
    const std::size_t space = content.find(' ');
    const bool has_both = space != std::string_view::npos && space + 1 < content.size();
    if (content.starts_with('*')) {
      entered = has_both && space > 1;
      if (entered) {
        reader.enter(content.substr(1, space - 1), trimmed(content.substr(space + 1)));
      } else {
        reader.problem("this is not *HOST USER");
      }
      continue;
    }
    if (!entered || !has_both || space != 1) {
      reader.problem(entered ? "this is not STATUS UNIQUE-ID SECONDS" : "a message without an account before it");
      continue;
    }
    const std::string_view rest = trimmed(content.substr(2));
    const std::size_t end = rest.find(' ');
    const auto seen = end == std::string_view::npos ? std::nullopt : time_of(trimmed(rest.substr(end + 1)));
    switch (content.front()) {
      case 'k':
      case 'd':
        reader.add(rest.substr(0, end), seen);
        break;
      case 'b':
      case 'f':
        ++heads;
        break;
      default:
        reader.problem(quoted_for_people(content.substr(0, 1)) + " is no status that is known");
    }
  }
  if (heads > 0) {
    reader.problem_of_all("of " + std::to_string(heads) +
                          " messages only the head was fetched; they will be fetched as a whole");
  }
  return reader.finish();
}

std::vector<Change> imported_changes(const ImportedAccount& account, Timestamp now) {
  std::vector<Change> changes;
  changes.reserve(account.ids.size());
  for (const ImportedId& id : account.ids) {
    Record record;
    record.key = id.unique_id;
    record.first_seen = id.seen.value_or(now);
    record.standing = Standing::imported;
    record.delivered = id.seen.value_or(now);
    record.reason = Reason::fetched_by_other_program;
    changes.emplace_back(change::Stored{std::move(record)});
  }
  return changes;
}

}  // namespace fermo::fetch
