#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/check.h"
#include "config/config.h"
#include "config/host_name.h"

namespace fermo::config {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CompleteTest : public testing::Test {
 protected:
  CompleteTest() {
    std::string name = fs::temp_directory_path() / "fermo-config-XXXXXX";
    FERMO_CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    config_.data = folder_ / "data";
  }
  ~CompleteTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  fs::path file(const char* name, fs::perms mode = fs::perms(0600)) {
    std::ofstream(folder_ / name) << "x";
    fs::permissions(folder_ / name, mode);
    return folder_ / name;
  }
  std::vector<std::string> problems() {
    std::vector<std::string> texts;
    for (const auto& problem : complete(config_)) texts.push_back(problem.message);
    return texts;
  }
  void listen(std::string_view text) { config_.listen.push_back(*parse_listen(text).listen); }

  fs::path folder_;
  Config config_;
};

TEST_F(CompleteTest, FillsInWhatWasLeftOpen) {
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(config_.users, config_.data / "users");
  EXPECT_TRUE(is_host_name(config_.host_name));
  EXPECT_THAT(config_.lmtp_networks, ElementsAre("127.0.0.0/8", "::1/128"));
  EXPECT_GE(config_.threads, 1U);
  EXPECT_GE(config_.store_threads, 1U);
  EXPECT_GE(config_.hash_threads, 1U);
  std::vector<std::string> listeners;
  for (const auto& listener : config_.listen) listeners.push_back(listener.text());
  EXPECT_THAT(listeners, testing::IsSupersetOf({"pop3=127.0.0.1:1110", "pop3s=127.0.0.1:1995", "lmtp=127.0.0.1:1024"}));
  const bool ipv6 = listeners.size() == 6;
  EXPECT_TRUE(ipv6 || listeners.size() == 3);
  if (ipv6) {
    EXPECT_THAT(listeners, testing::IsSupersetOf({"pop3=[::1]:1110", "pop3s=[::1]:1995", "lmtp=[::1]:1024"}));
  }
}

TEST_F(CompleteTest, LeavesAloneWhatWasSaid) {
  config_.users = folder_ / "elsewhere";
  config_.host_name = "mail.example.org";
  config_.threads = 3;
  config_.lmtp_networks = {"10.0.0.0/8"};
  listen("pop3=127.0.0.1:7110");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(config_.users, folder_ / "elsewhere");
  EXPECT_EQ(config_.host_name, "mail.example.org");
  EXPECT_EQ(config_.threads, 3U);
  EXPECT_THAT(config_.lmtp_networks, ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(config_.listen.size(), 1U);
}

TEST_F(CompleteTest, ASecondTimeChangesNothing) {
  EXPECT_THAT(problems(), IsEmpty());
  const Config once = config_;
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(config_, once);
}

TEST_F(CompleteTest, ListenersOfTheCommandLineAreCheckedToo) {
  listen("pop3=*:1110");
  listen("pop3=127.0.0.1:1110");
  listen("lmtp=192.0.2.1:24");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("same address"), HasSubstr("lmtp.networks")));
}

TEST_F(CompleteTest, TlsFilesMustBeThereAndReadable) {
  config_.tls.certificate = folder_ / "missing.pem";
  config_.tls.key = folder_;
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("tls.certificate: cannot read"), HasSubstr("not a regular file")));
  config_.tls.certificate = file("certificate.pem", fs::perms(0644));
  config_.tls.key = file("key.pem", fs::perms(0640));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(CompleteTest, APrivateKeyThatEverybodyMayReadIsAProblem) {
  config_.tls.certificate = file("certificate.pem");
  config_.tls.key = file("key.pem", fs::perms(0644));
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("chmod o=")));
}

TEST_F(CompleteTest, DataMustBeAFolder) {
  config_.data = file("data");
  EXPECT_THAT(problems(), Contains(HasSubstr("is not a folder")));
}

TEST_F(CompleteTest, UsersMayBeMissingButNotSomethingElse) {
  config_.users = folder_ / "none";
  EXPECT_THAT(problems(), IsEmpty());
  config_.users = folder_;
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("users: cannot read")));
}

TEST_F(CompleteTest, TheFolderOfAUnixSocketMustBeThere) {
  listen("lmtp=unix:" + (folder_ / "run/lmtp").string());
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("there is no folder")));
  fs::create_directory(folder_ / "run");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(CompleteTest, APathThatTomlCannotHoldIsAProblem) {
  config_.data = folder_ / "\xFF";
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("data:"), HasSubstr("users:")));
}

}  // namespace
}  // namespace fermo::config
