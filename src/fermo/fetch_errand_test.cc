#include "fermo/fetch_errand.h"

#include <chrono>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace fermo::commands {
namespace {

using fetch_accounts::Account;
using Kind = fetch_accounts::SecretSource::Kind;

/// Every field differs from what it is by itself.
Account an_account() {
  Account account;
  account.name = "work";
  account.address = "ann@example.org";
  account.enabled = false;
  account.server = {fetch::TlsMode::stls, "pop.example.org", 1110};
  account.user = "ann";
  account.secret = {Kind::command, "pass show ann"};
  account.token = true;
  account.allow_plaintext = true;
  account.policy.mode = fetch::Mode::keep_newest;
  account.policy.keep_days = std::chrono::days(3);
  account.policy.keep_newest = 4;
  account.policy.headers_only = true;
  account.policy.whole_octets_max = Octets{5};
  account.policy.head_body_lines = 6;
  account.policy.first_run = fetch::FirstRun::from_now;
  account.policy.remove_imported = true;
  account.policy.mass_deletion_confirmed = true;
  account.policy.messages_at_once_max = 7;
  account.policy.forget_after = std::chrono::days(8);
  account.target = "maildir:/home/ann/Maildir";
  account.target_access = {"ann@example.org", {Kind::file, "/home/ann/secret"}, true, "/home/ann/ca.pem"};
  account.archive = "/home/ann/archive";
  account.authorities = "/home/ann/authorities.pem";
  account.pins = {"sha256//one", "sha256//two"};
  account.proxy = fetch::ProxyUrl{"proxy.example.org", 1080, "ann"};
  account.proxy_password_file = "/home/ann/proxy";
  account.timeout = std::chrono::seconds(9);
  account.interval = std::chrono::seconds(10);
  return account;
}

FetchPlace a_place() {
  FetchPlace place;
  place.state = "/home/ann/state";
  place.dry_run = true;
  place.holder.data = "/var/lib/fermo";
  place.holder.config = "/etc/fermo.toml";
  const std::string name = fetch_accounts::ledger_name(an_account());
  place.secrets.of_accounts = {{name, Secret("of-ann")}, {"bob@example.org", Secret("of-bob")}};
  place.secrets.of_proxies = {{name, Secret("of-her-proxy")}, {"bob@example.org", Secret("of-his-proxy")}};
  place.secrets.of_targets = {{name, Secret("of-her-target")}, {"bob@example.org", Secret("of-his-target")}};
  return place;
}

TEST(FetchErrand, EverythingOfTheAccountIsTold) {
  const auto errand = decode_errand(encode_errand(an_account(), a_place(), true).reveal());
  ASSERT_TRUE(errand);
  EXPECT_EQ(errand->account, an_account());
  EXPECT_EQ(errand->place.state, a_place().state);
  EXPECT_TRUE(errand->place.dry_run);
  EXPECT_EQ(errand->place.holder.data, a_place().holder.data);
  EXPECT_EQ(errand->place.holder.config, a_place().holder.config);
  EXPECT_TRUE(errand->shows_progress);
  const std::string name = fetch_accounts::ledger_name(an_account());
  EXPECT_EQ(errand->place.secrets.of_accounts.at(name).reveal(), "of-ann");
  EXPECT_EQ(errand->place.secrets.of_proxies.at(name).reveal(), "of-her-proxy");
  EXPECT_EQ(errand->place.secrets.of_targets.at(name).reveal(), "of-her-target");
}

TEST(FetchErrand, WhatWasNotTakenIsNotThere) {
  const auto errand = decode_errand(encode_errand(Account(), FetchPlace(), false).reveal());
  ASSERT_TRUE(errand);
  EXPECT_EQ(errand->account, Account());
  EXPECT_TRUE(errand->place.secrets.of_accounts.empty());
  EXPECT_FALSE(errand->shows_progress);
}

TEST(FetchErrand, NothingOfAnotherAccountIsTold) {
  const Secret errand = encode_errand(an_account(), a_place(), false);
  for (const char* const other : {"of-bob", "of-his", "bob@"}) {
    EXPECT_EQ(errand.reveal().find(other), std::string_view::npos) << other;
  }
}

TEST(FetchErrand, WhatIsCutOrGoesOnIsNone) {
  const Secret errand = encode_errand(an_account(), a_place(), true);
  for (std::size_t octets = 0; octets < errand.reveal().size(); ++octets) {
    EXPECT_FALSE(decode_errand(errand.reveal().substr(0, octets)));
  }
  EXPECT_FALSE(decode_errand(std::string(errand.reveal()) + "x"));
}

TEST(FetchErrand, AnythingMayComeAndDoesNoHarm) {
  const Secret errand = encode_errand(an_account(), a_place(), true);
  std::mt19937_64 random(20261122);
  for (int i = 0; i < 5'000; ++i) {
    std::string changed(errand.reveal());
    for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
      changed[random() % changed.size()] = static_cast<char>(random());
    }
    if (const auto decoded = decode_errand(changed)) {
      EXPECT_LE(decoded->account.policy.mode, fetch::Mode::mirror);
    }
  }
}

}  // namespace
}  // namespace fermo::commands
