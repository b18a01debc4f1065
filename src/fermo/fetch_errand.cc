#include "fermo/fetch_errand.h"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/wire_fields.h"

namespace fermo::commands {
namespace {

using fetch_accounts::Account;

/// The highest of each enum that goes over the wire.
constexpr auto last_of(fetch_accounts::SecretSource::Kind) {
  return fetch_accounts::SecretSource::Kind::environment;
}
constexpr auto last_of(fetch::TlsMode) {
  return fetch::TlsMode::plaintext;
}
constexpr auto last_of(fetch::Mode) {
  return fetch::Mode::mirror;
}
constexpr auto last_of(fetch::FirstRun) {
  return fetch::FirstRun::from_now;
}

/// All of an errand in one piece.
struct Told {
  Account account;
  std::filesystem::path state;
  bool dry_run = false;
  std::string data;
  std::string config;
  bool shows_progress = false;
  std::optional<Secret> secret;
  std::optional<Secret> proxy_secret;
  std::optional<Secret> target_secret;
};

template <class T>
concept Enum = std::is_enum_v<T>;

/// Calls `wire` with the fields of each structure in one order, which is that of both directions. A field that is added
/// does not compile until it stands here.
template <class Wire>
void each_field(Wire& wire, Told& told) {
  auto& [account, state, dry_run, data, config, shows_progress, secret, proxy_secret, target_secret] = told;
  wire.all(account, state, dry_run, data, config, shows_progress, secret, proxy_secret, target_secret);
}
template <class Wire>
void each_field(Wire& wire, Account& account) {
  auto& [name, address, enabled, server, user, secret, token, allow_plaintext, policy, target, target_access, archive,
         authorities, pins, proxy, proxy_password_file, timeout, interval] = account;
  wire.all(name, address, enabled, server, user, secret, token, allow_plaintext, policy, target, target_access, archive,
           authorities, pins, proxy, proxy_password_file, timeout, interval);
}
template <class Wire>
void each_field(Wire& wire, fetch_accounts::SecretSource& source) {
  auto& [kind, text] = source;
  wire.all(kind, text);
}
template <class Wire>
void each_field(Wire& wire, fetch_accounts::TargetAccess& access) {
  auto& [user, secret, token, authorities] = access;
  wire.all(user, secret, token, authorities);
}
template <class Wire>
void each_field(Wire& wire, fetch::ServerUrl& server) {
  auto& [tls, host, port] = server;
  wire.all(tls, host, port);
}
template <class Wire>
void each_field(Wire& wire, fetch::ProxyUrl& proxy) {
  auto& [host, port, user] = proxy;
  wire.all(host, port, user);
}
template <class Wire>
void each_field(Wire& wire, fetch::Policy& policy) {
  auto& [mode, keep_days, keep_newest, headers_only, whole_octets_max, head_body_lines, first_run, remove_imported,
         mass_deletion_confirmed, messages_at_once_max, forget_after] = policy;
  wire.all(mode, keep_days, keep_newest, headers_only, whole_octets_max, head_body_lines, first_run, remove_imported,
           mass_deletion_confirmed, messages_at_once_max, forget_after);
}

/// Grows into room that is there from the start, so that no copies of a secret are left behind.
class Putting {
 public:
  Putting() { out_.reserve(limits::worker_message_octets_max); }
  std::string take() { return out_.take(); }

  template <class... Fields>
  void all(Fields&... fields) {
    (one(fields), ...);
  }

 private:
  void one(std::string& text) { out_.octets(text); }
  void one(std::filesystem::path& path) { out_.octets(path.native()); }
  void one(Secret& secret) { out_.octets(secret.reveal()); }
  void one(Octets& octets) { out_.number(octets.value); }
  void one(bool& flag) { out_.number(static_cast<std::uint8_t>(flag)); }
  template <std::unsigned_integral T>
  void one(T& number) {
    out_.number(number);
  }
  template <Enum T>
  void one(T& value) {
    out_.number(static_cast<std::uint8_t>(value));
  }
  template <class Count, class Period>
  void one(std::chrono::duration<Count, Period>& time) {
    out_.number(static_cast<std::uint64_t>(time.count()));
  }
  template <class T>
  void one(std::optional<T>& value) {
    out_.number(static_cast<std::uint8_t>(value.has_value()));
    if (value) one(*value);
  }
  template <class T>
  void one(std::vector<T>& values) {
    out_.number(static_cast<std::uint32_t>(values.size()));
    for (T& value : values) one(value);
  }
  template <class T>
  void one(T& structure) {
    each_field(*this, structure);
  }

  FieldWriter out_;
};

class Taking {
 public:
  explicit Taking(std::string_view payload) : in_(payload) {}
  bool whole() const { return in_.whole(); }

  template <class... Fields>
  void all(Fields&... fields) {
    (one(fields), ...);
  }

 private:
  static constexpr std::size_t octets_max = limits::worker_message_octets_max;

  void one(std::string& text) { text = in_.octets(octets_max); }
  void one(std::filesystem::path& path) { path = in_.octets(octets_max); }
  void one(Secret& secret) { secret = Secret(in_.octets(octets_max)); }
  void one(Octets& octets) { octets.value = in_.number<std::uint64_t>(); }
  void one(bool& flag) { flag = take_below(2) == 1; }
  template <std::unsigned_integral T>
  void one(T& number) {
    number = in_.number<T>();
  }
  template <Enum T>
  void one(T& value) {
    value = static_cast<T>(take_below(static_cast<unsigned>(last_of(T())) + 1));
  }
  template <class Count, class Period>
  void one(std::chrono::duration<Count, Period>& time) {
    time = std::chrono::duration<Count, Period>(static_cast<Count>(in_.number<std::uint64_t>()));
  }
  template <class T>
  void one(std::optional<T>& value) {
    if (take_below(2) == 1) one(value.emplace());
  }
  template <class T>
  void one(std::vector<T>& values) {
    for (std::size_t left = in_.count(octets_max); left > 0 && !in_.failed(); --left) one(values.emplace_back());
  }
  template <class T>
  void one(T& structure) {
    each_field(*this, structure);
  }

  std::uint8_t take_below(unsigned end) {
    const auto number = in_.number<std::uint8_t>();
    if (number >= end) in_.fail();
    return in_.failed() ? std::uint8_t{0} : number;
  }

  FieldReader in_;
};

std::optional<Secret> secret_in(const std::map<std::string, Secret>& taken, const std::string& name) {
  const auto found = taken.find(name);
  return found == taken.end() ? std::nullopt : std::optional(found->second);
}

void keep(std::map<std::string, Secret>& taken, const std::string& name, std::optional<Secret> secret) {
  if (secret) taken.emplace(name, std::move(*secret));
}

}  // namespace

Secret encode_errand(const Account& account, const FetchPlace& place, bool shows_progress) {
  const std::string name = fetch_accounts::ledger_name(account);
  const TakenSecrets& taken = place.secrets;
  Told told{account,
            place.state,
            place.dry_run,
            place.holder.data,
            place.holder.config,
            shows_progress,
            secret_in(taken.of_accounts, name),
            secret_in(taken.of_proxies, name),
            secret_in(taken.of_targets, name)};
  Putting out;
  each_field(out, told);
  std::string text = out.take();
  Secret errand(text);
  wipe(text);
  return errand;
}

std::optional<FetchErrand> decode_errand(std::string_view text) {
  Told told;
  Taking in(text);
  each_field(in, told);
  if (!in.whole()) return std::nullopt;
  FetchErrand errand;
  errand.place.state = std::move(told.state);
  errand.place.dry_run = told.dry_run;
  errand.place.holder.data = std::move(told.data);
  errand.place.holder.config = std::move(told.config);
  errand.shows_progress = told.shows_progress;
  const std::string name = fetch_accounts::ledger_name(told.account);
  keep(errand.place.secrets.of_accounts, name, std::move(told.secret));
  keep(errand.place.secrets.of_proxies, name, std::move(told.proxy_secret));
  keep(errand.place.secrets.of_targets, name, std::move(told.target_secret));
  errand.account = std::move(told.account);
  return errand;
}

}  // namespace fermo::commands
