#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "fetch/ledger.h"

/// Reads what other fetchers have written, so that switching to this one fetches nothing twice. Pure: text in, values
/// and every problem out. The text may be anything; what is not understood is a problem, never a failure.
namespace fermo::fetch {

/// Something that was not taken over, and why.
struct ImportProblem {
  std::uint64_t line = 0;  ///< Counts from 1; 0 when it is about the whole text.
  std::string message;     ///< One sentence, fit for a terminal.
  friend bool operator==(const ImportProblem&, const ImportProblem&) = default;
};

/// Keeps the first `limits::import_problems_max` and counts the others.
class ImportProblems {
 public:
  void add(std::uint64_t line, std::string message);
  const std::vector<ImportProblem>& list() const { return list_; }
  std::uint64_t count() const { return count_; }

 private:
  std::vector<ImportProblem> list_;
  std::uint64_t count_ = 0;
};

/// A message that another program has fetched.
struct ImportedId {
  std::string unique_id;
  std::optional<Timestamp> seen;  ///< When, if it says so.
  friend bool operator==(const ImportedId&, const ImportedId&) = default;
};

struct ImportedAccount {
  std::string host;
  std::string user;
  std::optional<std::uint16_t> port;
  std::vector<ImportedId> ids;
  friend bool operator==(const ImportedAccount&, const ImportedAccount&) = default;
};

struct ImportedState {
  std::vector<ImportedAccount> accounts;  ///< In the order in which they are first named.
  ImportProblems problems;
};

/// fetchmail's .fetchids: lines of "USER@HOST UNIQUE-ID".
ImportedState read_fetchmail_ids(std::string_view text);
/// getmail's oldmail-SERVER-PORT-USER: lines of UNIQUE-ID, NUL, seconds since 1970. The account is in the name of the
/// file.
ImportedState read_getmail_oldmail(std::string_view text, std::string_view file_name);
/// mpop's ~/.mpop_uidls/USER_at_HOST: a line " COUNT HOST USER", then so many lines of unique-ids.
ImportedState read_mpop_uidls(std::string_view text);
/// Thunderbird's popstate.dat: "*HOST USER", then lines of "STATUS UNIQUE-ID SECONDS". Messages of which Thunderbird
/// fetched the head only are left out, so that the whole of them is fetched.
ImportedState read_thunderbird_popstate(std::string_view text);

/// What puts these messages into a ledger. For keys that it does not know yet: it knows the others better.
std::vector<Change> imported_changes(const ImportedAccount& account, Timestamp now);

}  // namespace fermo::fetch
