#include "fetch_accounts/account_file.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/limits.h"
#include "config/nearest.h"
#include "config/text.h"
#include "config/toml_reader.h"
#include "fetch_accounts/account_keys.h"
#include "mail/utf8.h"

namespace fermo::fetch_accounts {
namespace {

using config::in_quotes;
using config::Item;
using config::Problem;

constexpr std::string_view secret_prefix = "password_";

class FileReader {
 public:
  explicit FileReader(const Surroundings& surroundings) : surroundings_(surroundings) {}

  AccountsRead run(std::string_view toml) {
    config::TomlRead read = config::read_toml(toml);
    problems_ = std::move(read.problems);
    for (const auto& table : read.tables) take_table(table);
    for (const Item& item : read.items) sort_in(item);
    Draft defaults;
    for (const Item* item : default_items_) read_default(*item, defaults);
    AccountsRead out;
    for (const auto& [name, items] : tables_) drafts_.push_back(read_account(name, items, defaults));
    std::ranges::sort(drafts_, {}, &Draft::line);
    find_doubles();
    for (Draft& draft : drafts_) out.accounts.push_back(std::move(draft.account));
    std::ranges::sort(problems_, {}, [](const Problem& problem) { return std::tie(problem.line, problem.message); });
    out.problems = std::move(problems_);
    return out;
  }

 private:
  using Items = std::vector<const Item*>;

  void complain(std::uint32_t line, std::string message) { problems_.push_back({line, std::move(message)}); }
  void take_table(const config::TableAt& table);
  void sort_in(const Item& item);
  void unknown(const Item& item);
  void read_default(const Item& item, Draft& draft);
  Draft read_account(const std::string& name, const Items& items, const Draft& defaults);
  const Key* find_key(const Item& item);
  void complete(Draft& draft);
  void find_doubles();

  const Surroundings& surroundings_;
  std::vector<Problem> problems_;
  std::vector<const Item*> default_items_;
  std::map<std::string, Items> tables_;
  std::map<std::string, std::uint32_t> lines_;  ///< Of the tables.
  std::vector<Draft> drafts_;
};

void FileReader::take_table(const config::TableAt& table) {
  if (table.path.size() == 2 && table.path[0] == "account") lines_[table.path[1]] = table.line;
}

void FileReader::sort_in(const Item& item) {
  const bool empty_table = item.value.kind == "a table";
  const std::string& first = item.path.front();
  if (first == "account" && item.path.size() == 3) return tables_[item.path[1]].push_back(&item);
  if (first == "account" && item.path.size() == 2 && empty_table) {
    (void)tables_[item.path[1]];
    lines_[item.path[1]] = item.value.line;
    return;
  }
  if (first == "defaults" && item.path.size() == 2) return default_items_.push_back(&item);
  if ((first == "account" || first == "defaults") && item.path.size() == 1) {
    if (empty_table) return;
    const std::string right = first == "account" ? "[account.NAME]" : "[defaults]";
    return complain(item.value.line, first + " is " + std::string(item.value.kind) + "; it must be a table, " + right);
  }
  unknown(item);
}

void FileReader::unknown(const Item& item) {
  const std::string start = "unknown key " + in_quotes(item.key);
  if (item.path.front() == "account" && item.path.size() == 2) {
    return complain(item.value.line, item.key + " is " + std::string(item.value.kind) +
                                         "; an account is a table, [account.NAME], with quotes around a name that has "
                                         "other characters than letters, digits, - and _");
  }
  if (item.path.front() == "account") {
    return complain(item.value.line, start + "; a name with dots needs quotes, [account.\"ann@example.org\"]");
  }
  if (std::ranges::find(keys(), item.key, &Key::name) != keys().end()) {
    return complain(item.value.line, item.key + " stands before any account; write [account.NAME] above it");
  }
  constexpr std::string_view tables[] = {"account", "defaults"};
  const auto meant = config::nearest(item.path.front(), tables);
  complain(item.value.line, meant ? start + "; did you mean " + std::string(*meant) + "?"
                                  : start + "; see docs/accounts.md for all keys");
}

const Key* FileReader::find_key(const Item& item) {
  const std::string& name = item.path.back();
  const auto found = std::ranges::find(keys(), name, &Key::name);
  if (found != keys().end()) return &*found;
  std::vector<std::string_view> names;
  for (const Key& key : keys()) names.push_back(key.name);
  const auto meant = config::nearest(name, names);
  complain(item.value.line,
           "unknown key " + in_quotes(name) +
               (meant ? "; did you mean " + std::string(*meant) + "?" : "; see docs/accounts.md for all keys"));
  return nullptr;
}

void FileReader::read_default(const Item& item, Draft& draft) {
  const Key* const key = find_key(item);
  if (key == nullptr) return;
  if (!key->by_default) {
    return complain(item.value.line, std::string(key->name) + " cannot stand in [defaults]; it belongs to one account");
  }
  key->read({key->name, item.value, problems_}, draft, {surroundings_, problems_});
}

Draft FileReader::read_account(const std::string& name, const Items& items, const Draft& defaults) {
  Draft draft = defaults;
  draft.account.name = name;
  draft.line = lines_[name];
  Items secrets;
  for (const Item* const item : items) {
    const Key* const key = find_key(*item);
    if (key == nullptr) continue;
    if (key->name.starts_with(secret_prefix)) secrets.push_back(item);
    draft.given.push_back(key->name);
    key->read({key->name, item->value, problems_}, draft, {surroundings_, problems_});
  }
  for (std::size_t i = 1; i < secrets.size(); ++i) {
    complain(secrets[i]->value.line,
             secrets[i]->path.back() + " and " + secrets[0]->path.back() + " exclude each other; keep one of them");
  }
  complete(draft);
  return draft;
}

/// What only the whole account can tell.
void FileReader::complete(Draft& draft) {
  Account& account = draft.account;
  const auto given = [&](std::string_view key) { return std::ranges::find(draft.given, key) != draft.given.end(); };
  const std::string who = "account " + in_quotes(account.name);
  if (const std::string problem = name_problem(account.name); !problem.empty())
    complain(draft.line, who + ": " + problem);
  if (account.address.empty() && account.name.find('@') != std::string::npos) account.address = account.name;
  if (account.user.empty() && !given("user")) account.user = account.address;
  if (account.user.empty() && !given("user")) {
    complain(draft.line, who + " has no user; say whom to log in as, user = \"ann\"");
  }
  if (!given("server")) {
    complain(draft.line, who + " has no server; say where its mail is, server = \"pop3s://pop.example.org\"");
  }
  if (account.target.empty() && !given("to")) {
    complain(draft.line, who + " does not say where its mail goes; to = \"maildir:~/Maildir\"");
  }
  if (account.server.tls == fetch::TlsMode::plaintext && !account.allow_plaintext) {
    complain(draft.line,
             who +
                 ": pop3:// would send password and mail in the clear; use pop3s:// or pop3+stls://, or wish "
                 "for it with allow_plaintext = true");
  }
}

/// Two that fetch the same mail would each take what the other should have.
void FileReader::find_doubles() {
  std::map<std::string, const Draft*> known;
  for (const Draft& draft : drafts_) {
    if (draft.account.server.host.empty() || draft.account.user.empty()) continue;
    const auto [at, fresh] = known.try_emplace(ledger_name(draft.account), &draft);
    if (fresh) continue;
    complain(draft.line, "account " + in_quotes(draft.account.name) + " has the user and the server of account " +
                             in_quotes(at->second->account.name) + "; take one of them away");
  }
}

}  // namespace

AccountsRead read_accounts(std::string_view toml, const Surroundings& surroundings) {
  return FileReader(surroundings).run(toml);
}

std::string name_problem(std::string_view name) {
  const auto unfit = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/' || c == '"'; };
  if (name.empty()) return "a name cannot be empty";
  if (name.size() > limits::account_name_octets_max) {
    return "a name has at most " + std::to_string(limits::account_name_octets_max) + " octets";
  }
  if (name.front() == '-' || name.front() == '.') return "a name does not begin with a hyphen or a dot";
  if (std::ranges::any_of(name, unfit) || !mail::is_utf8(name)) {
    return "a name is UTF-8 without control characters, slashes and quotes";
  }
  return {};
}

bool is_variable(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  const auto good = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && letter(text.front()) && std::ranges::all_of(text, good);
}

const Account* find_account(const std::vector<Account>& accounts, std::string_view name) {
  const auto found = std::ranges::find(accounts, name, &Account::name);
  return found == accounts.end() ? nullptr : &*found;
}

std::vector<KeyHelp> key_help() {
  std::vector<KeyHelp> help;
  for (const Key& key : keys()) help.push_back({key.name, key.explanation, key.example});
  return help;
}

std::string toml_value(std::string_view key, std::string_view words) {
  const auto found = std::ranges::find(keys(), key, &Key::name);
  const Form form = found == keys().end() ? Form::text : found->form;
  const bool is_boolean = words == "true" || words == "false";
  const bool is_number = !words.empty() && words.size() < 19 && words.find_first_not_of("0123456789") == words.npos &&
                         (words.size() == 1 || words.front() != '0');
  if ((form == Form::boolean && is_boolean) || (form == Form::number && is_number)) return std::string(words);
  if (form != Form::texts) return config::toml_string(words);
  std::string array = "[";
  while (!words.empty()) {
    const auto comma = words.find(',');
    array += (array.size() == 1 ? "" : ", ") + config::toml_string(words.substr(0, comma));
    words.remove_prefix(comma == words.npos ? words.size() : comma + 1);
  }
  return array + "]";
}

std::string ledger_name(const Account& account) {
  return fetch::account_name(account.user, account.server);
}

std::string_view text_of(fetch::FirstRun first_run) {
  return first_run == fetch::FirstRun::all ? "all" : "from-now";
}

}  // namespace fermo::fetch_accounts
