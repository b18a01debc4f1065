#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "config/config.h"
#include "config/keys.h"

namespace fermo::config {
namespace {

/// parse(describe(config)) without problems.
Config read_back(const Config& config) {
  const std::string text = describe(config);
  const Parsed parsed = parse(text);
  for (const auto& problem : parsed.problems) ADD_FAILURE() << problem.text("described") << "\n" << text;
  return parsed.config;
}

Config everything_set() {
  Config config;
  config.data = "/srv/with \"quotes\" and \\ and \t and J\xC3\xBCrg";
  config.users = "/etc/fermo/users";
  config.host_name = "mail.example.org";
  for (const char* text : {"pop3=*:110", "pop3s=[2001:db8::1]:995", "lmtp=unix:/run/a b", "lmtp=10.0.0.1:24"}) {
    config.listen.push_back(*parse_listen(text).listen);
  }
  config.tls = {"/c.pem", "/k.pem"};
  config.plaintext_logins = true;
  config.protection = Protection::required;
  config.guesses_per_address_max = 11;
  config.guesses_per_account_max = 12;
  config.guess_exempt_networks = {"192.0.2.0/24"};
  config.lmtp_networks = {"10.0.0.0/8", "::1"};
  config.message_octets_max = 70'000;
  config.recipients_max = 101;
  config.free_octets_min = 3;
  config.connections_max = 7;
  config.connections_per_address_max = 5;
  config.autologout = std::chrono::seconds(601);
  config.login_time_max = std::chrono::seconds(59);
  config.drain_time_max = std::chrono::seconds(1);
  config.threads = 2;
  config.store_threads = 3;
  config.hash_threads = 4;
  config.log_level = "warning";
  config.log_format = LogFormat::json;
  return config;
}

TEST(Describe, TheDefaultConfigurationIsReadBackAsItself) {
  EXPECT_EQ(read_back(Config()), Config());
}

TEST(Describe, AConfigurationWithEverythingSetIsReadBackAsItself) {
  EXPECT_EQ(read_back(everything_set()), everything_set());
}

TEST(Describe, ACompletedConfigurationIsReadBackAsItself) {
  Config config;
  complete(config);
  EXPECT_EQ(read_back(config), config);
}

TEST(Describe, EveryKeyIsThereOnceWithAnExplanation) {
  for (const std::string& text : {describe(Config()), describe(everything_set())}) {
    for (const Key& key : keys()) {
      const std::string assignment = std::string(key.name.substr(key.name.rfind('.') + 1)) + " = ";
      std::size_t found = text.find("\n" + assignment);
      if (found == std::string::npos) found = text.find("\n# " + assignment);
      EXPECT_NE(found, std::string::npos) << key.name;
      EXPECT_FALSE(key.explanation.empty());
      EXPECT_TRUE(key.explanation.ends_with(".\n")) << key.name;
    }
  }
}

/// Every key at another value than its default must be seen in the description: none is written from the wrong place.
TEST(Describe, EveryFieldOfTheConfigurationCanBeSeen) {
  for (const Key& key : keys()) EXPECT_NE(key.written(everything_set()), key.written(Config())) << key.name;
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Describe, TheReferencePageShowsExactlyTheDefaultConfiguration) {
  const char* source = ::getenv("FERMO_SOURCE_DIR");
  const std::string page =
      contents_of((source != nullptr ? source : std::string(".")) + std::string("/docs/configuration.md"));
  ASSERT_FALSE(page.empty()) << "docs/configuration.md cannot be read; run through ctest, or from the source folder";
  const std::string block = "```toml\n" + describe(Config()) + "```\n";
  EXPECT_NE(page.find(block), std::string::npos)
      << "the block of all keys in docs/configuration.md has to be replaced by:\n"
      << block;
}

TEST(Describe, TheReferencePageDoesNotNameKeysThatDoNotExist) {
  const char* source = ::getenv("FERMO_SOURCE_DIR");
  const std::string page =
      contents_of((source != nullptr ? source : std::string(".")) + std::string("/docs/configuration.md"));
  for (std::size_t at = page.find("`["); at != std::string::npos; at = page.find("`[", at + 1)) {
    const std::string table = page.substr(at + 2, page.find(']', at) - at - 2);
    const bool known = std::ranges::any_of(keys(), [&](const Key& key) { return key.name.starts_with(table + "."); });
    EXPECT_TRUE(known || table.starts_with("::")) << table;
  }
}

}  // namespace
}  // namespace fermo::config
