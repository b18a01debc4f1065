#include "fetch_accounts/imported.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "base/limits.h"
#include "fetch_accounts/account_file.h"

namespace fermo::fetch_accounts {
namespace {

using testing::IsEmpty;

/// The account that the file of accounts then has.
Account taken_over(const fetch::AccountSettings& settings) {
  const auto nothing_wrong = [](const std::string&) { return std::string(); };
  const ImportedKeys keys = keys_of(settings, [](const std::string&) { return false; }, nothing_wrong);
  const AccountsRead read = read_accounts(with_account("", keys.name, keys.keys), {});
  EXPECT_THAT(read.problems, IsEmpty());
  return read.accounts.at(0);
}

fetch::AccountSettings settings_of_ann() {
  fetch::AccountSettings settings;
  settings.name = "ann@pop.example.org";
  settings.server = "pop.example.org";
  settings.user = "ann";
  settings.target.kind = fetch::TargetSettings::Kind::maildir;
  settings.target.path = "/home/ann/Maildir";
  settings.password.kind = fetch::PasswordSource::Kind::command;
  settings.password.command = {"pass", "show", "mail"};
  return settings;
}

TEST(Imported, TimesAreTakenOver) {
  auto settings = settings_of_ann();
  settings.timeout = std::chrono::seconds(90);
  settings.interval = std::chrono::seconds(600);
  const Account account = taken_over(settings);
  EXPECT_EQ(account.timeout, std::chrono::seconds(90));
  EXPECT_EQ(account.interval, std::chrono::seconds(600));
}

TEST(Imported, ATimeBeyondTheHighestIsTheHighest) {
  auto settings = settings_of_ann();
  settings.timeout = std::chrono::hours(48);
  settings.interval = std::chrono::hours(24 * 365);
  const Account account = taken_over(settings);
  EXPECT_EQ(account.timeout, limits::fetch_timeout_highest);
  EXPECT_EQ(account.interval, limits::fetch_interval_highest);
}

TEST(Imported, ALimitBeyondTheHighestIsNone) {
  auto settings = settings_of_ann();
  settings.policy.whole_octets_max = Octets{UINT64_MAX};
  settings.policy.messages_at_once_max = UINT64_MAX;
  const Account account = taken_over(settings);
  EXPECT_EQ(account.policy.whole_octets_max, std::nullopt);
  EXPECT_EQ(account.policy.messages_at_once_max, std::nullopt);
}

}  // namespace
}  // namespace fermo::fetch_accounts
