#include "runtime/self_signed.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "runtime/test_support.h"

namespace fermo::runtime {
namespace {

using testing::HasSubstr;

std::shared_ptr<X509> read_certificate(const std::filesystem::path& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "r"), &std::fclose);
  return {PEM_read_X509(file.get(), nullptr, nullptr, nullptr), &X509_free};
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat found{};
  EXPECT_EQ(::stat(path.c_str(), &found), 0);
  return found.st_mode & 07777;
}

class SelfSignedTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  const std::filesystem::path tls_ = folder_.path() / "tls";
};

TEST_F(SelfSignedTest, NamesTheHostAndLoopback) {
  const auto made = ensure_self_signed(tls_, "mail.example.org");
  ASSERT_TRUE(made) << made.problem();
  EXPECT_TRUE((*made).made);
  const auto certificate = read_certificate((*made).files.certificate);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_check_host(certificate.get(), "mail.example.org", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "other.example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
  EXPECT_LT(X509_cmp_current_time(X509_get0_notBefore(certificate.get())), 0);
  time_t in_nine_years = time(nullptr) + 9L * 365 * 24 * 3600;
  EXPECT_GT(X509_cmp_time(X509_get0_notAfter(certificate.get()), &in_nine_years), 0);
}

TEST_F(SelfSignedTest, NamesTheHostOnceThoughItIsCalledLocalhost) {
  const auto made = ensure_self_signed(tls_, "localhost");
  ASSERT_TRUE(made) << made.problem();
  const auto certificate = read_certificate((*made).files.certificate);
  ASSERT_NE(certificate, nullptr);
  auto* const names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr));
  EXPECT_EQ(sk_GENERAL_NAME_num(names), 3);  // and two addresses
  GENERAL_NAMES_free(names);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
}

TEST_F(SelfSignedTest, CanBeLoadedAndItsKeyIsForItsOwnerAlone) {
  const auto made = ensure_self_signed(tls_, "mail.example.org");
  ASSERT_TRUE(made);
  EXPECT_EQ(mode_of((*made).files.key), 0600U);
  const auto context = TlsContext::load((*made).files, "pop3");
  ASSERT_TRUE(context) << context.problem();
  EXPECT_THAT((*context)->summary(), HasSubstr("mail.example.org"));
}

TEST_F(SelfSignedTest, IsMadeOnceAndLeavesNoTemporaryFiles) {
  const auto first = ensure_self_signed(tls_, "mail.example.org");
  ASSERT_TRUE(first);
  const std::string certificate = content((*first).files.certificate);
  const auto second = ensure_self_signed(tls_, "mail.example.org");
  ASSERT_TRUE(second);
  EXPECT_FALSE((*second).made);
  EXPECT_EQ(content((*second).files.certificate), certificate);
  const auto entries = std::distance(std::filesystem::directory_iterator(tls_), std::filesystem::directory_iterator());
  EXPECT_EQ(entries, 2);
}

TEST_F(SelfSignedTest, IsMadeAnewWhenOnlyTheKeyIsThere) {
  const auto first = ensure_self_signed(tls_, "mail.example.org");
  ASSERT_TRUE(first);
  std::filesystem::remove((*first).files.certificate);
  const auto second = ensure_self_signed(tls_, "mail.example.org");
  ASSERT_TRUE(second);
  EXPECT_TRUE((*second).made);
  EXPECT_TRUE(TlsContext::load((*second).files, "pop3"));
}

TEST_F(SelfSignedTest, TakesNoConfigurationOutOfAHostName) {
  const auto made = ensure_self_signed(tls_, "a,IP:192.0.2.1");
  ASSERT_TRUE(made) << made.problem();
  const auto certificate = read_certificate((*made).files.certificate);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "192.0.2.1", 0), 0);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
}

TEST_F(SelfSignedTest, SaysWhatIsWrongWhenTheFolderCannotBeMade) {
  std::ofstream(folder_.path() / "file") << "x";
  const auto made = ensure_self_signed(folder_.path() / "file" / "tls", "mail.example.org");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.problem(), HasSubstr("Not a directory"));
  EXPECT_THAT(made.problem(), HasSubstr("tls.certificate"));
}

}  // namespace
}  // namespace fermo::runtime
