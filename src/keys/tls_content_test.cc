#include "keys/tls_content.h"

#include <gtest/gtest.h>

#include "keys/test_identity.h"

namespace fermo::keys {
namespace {

std::string number(std::size_t octets) {
  return std::string{static_cast<char>(octets >> 8), static_cast<char>(octets & 0xff)} + std::string(octets, 'n');
}

TEST(TlsContent, KnowsACertificateVerifyOfAServer) {
  EXPECT_EQ(tls_content_of(test::certificate_verify()), TlsContent::certificate_verify);
  EXPECT_EQ(tls_content_of(test::certificate_verify() + std::string(16, 'h')), TlsContent::certificate_verify);
}

TEST(TlsContent, RefusesACertificateVerifyOfAClientOrWithAnotherHash) {
  std::string of_client = test::certificate_verify();
  of_client.replace(of_client.find("server"), 6, "client");
  EXPECT_EQ(tls_content_of(of_client), TlsContent::none);
  EXPECT_EQ(tls_content_of(test::certificate_verify() + "h"), TlsContent::none);
  EXPECT_EQ(tls_content_of(test::certificate_verify().substr(0, 98)), TlsContent::none);
}

TEST(TlsContent, KnowsTheParametersOfEcdh) {
  EXPECT_EQ(tls_content_of(test::ecdh_key_exchange()), TlsContent::key_exchange);
}

TEST(TlsContent, RefusesParametersOfEcdhThatAreCutOrFollowedByMore) {
  const std::string content = test::ecdh_key_exchange();
  for (std::size_t octets = 0; octets < content.size(); ++octets) {
    EXPECT_EQ(tls_content_of(content.substr(0, octets)), TlsContent::none) << octets;
  }
  EXPECT_EQ(tls_content_of(content + "x"), TlsContent::none);
}

TEST(TlsContent, KnowsTheParametersOfDh) {
  const std::string randoms(64, 'r');
  EXPECT_EQ(tls_content_of(randoms + number(256) + number(1) + number(256)), TlsContent::key_exchange);
  EXPECT_EQ(tls_content_of(randoms + number(768) + number(1) + number(768)), TlsContent::key_exchange);
}

TEST(TlsContent, RefusesParametersOfDhThatNoServerSends) {
  const std::string randoms(64, 'r');
  EXPECT_EQ(tls_content_of(randoms + number(128) + number(1) + number(128)), TlsContent::none);
  EXPECT_EQ(tls_content_of(randoms + number(1025) + number(1) + number(256)), TlsContent::none);
  EXPECT_EQ(tls_content_of(randoms + number(256) + number(0) + number(256)), TlsContent::none);
  EXPECT_EQ(tls_content_of(randoms + number(256) + number(1)), TlsContent::none);
  EXPECT_EQ(tls_content_of(randoms + number(256) + number(1) + number(256) + "x"), TlsContent::none);
}

TEST(TlsContent, RefusesWhatOtherProtocolsSign) {
  EXPECT_EQ(tls_content_of(""), TlsContent::none);
  EXPECT_EQ(tls_content_of(std::string(32, 'd')), TlsContent::none);  // a digest
  const test::TestIdentity identity(KeyKind::ec);
  unsigned char* der = nullptr;
  const int octets = i2d_re_X509_tbs(identity.certificate.get(), &der);
  ASSERT_GT(octets, 0);
  const std::string to_be_signed(reinterpret_cast<const char*>(der), static_cast<std::size_t>(octets));
  OPENSSL_free(der);
  EXPECT_EQ(tls_content_of(to_be_signed), TlsContent::none);
}

}  // namespace
}  // namespace fermo::keys
