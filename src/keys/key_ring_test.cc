#include "keys/key_ring.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>

#include "base/limits.h"
#include "keys/error.h"
#include "keys/test_identity.h"

namespace fermo::keys {
namespace {

using test::TestIdentity;

bool verifies(EVP_PKEY* key, const EVP_MD* digest, bool pss, const std::string& signature, const std::string& content) {
  const DigestPointer context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  if (EVP_DigestVerifyInit(context.get(), &key_context, digest, nullptr, key) != 1) return false;
  if (pss && (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) != 1 ||
              EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(content.data()), content.size()) == 1;
}

class KeyRingTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const TestIdentity* identity : {&rsa_, &ec_, &ed25519_}) {
      ASSERT_TRUE(ring_.add(identity->certificate_pem(), identity->key_pem()));
    }
  }

  const TestIdentity rsa_{KeyKind::rsa};
  const TestIdentity ec_{KeyKind::ec};
  const TestIdentity ed25519_{KeyKind::ed25519};
  KeyRing ring_;
};

TEST_F(KeyRingTest, SignsAsTheSchemeSays) {
  const std::string content = test::ecdh_key_exchange();
  const auto signature = [&](KeyNumber key, Scheme scheme) { return ring_.sign(key, scheme, content).value(); };
  EXPECT_TRUE(verifies(rsa_.key.get(), EVP_sha256(), false, signature(0, Scheme::rsa_pkcs1_sha256), content));
  EXPECT_TRUE(verifies(rsa_.key.get(), EVP_sha384(), true, signature(0, Scheme::rsa_pss_sha384), content));
  EXPECT_TRUE(verifies(ec_.key.get(), EVP_sha512(), false, signature(1, Scheme::ecdsa_sha512), content));
  EXPECT_TRUE(verifies(ed25519_.key.get(), nullptr, false, signature(2, Scheme::ed25519), content));
}

TEST_F(KeyRingTest, SignsWithNoSchemeOfAnotherKindOfKey) {
  const std::string content = test::certificate_verify();
  EXPECT_EQ(ring_.sign(0, Scheme::ecdsa_sha256, content).error(), Error::not_allowed);
  EXPECT_EQ(ring_.sign(1, Scheme::rsa_pss_sha256, content).error(), Error::not_allowed);
  EXPECT_EQ(ring_.sign(1, Scheme::ed25519, content).error(), Error::not_allowed);
  EXPECT_EQ(ring_.sign(2, Scheme::ecdsa_sha256, content).error(), Error::not_allowed);
  EXPECT_EQ(ring_.sign(1, static_cast<Scheme>(0x0203), content).error(), Error::not_allowed);
}

TEST_F(KeyRingTest, SignsNothingButHandshakes) {
  EXPECT_EQ(ring_.sign(1, Scheme::ecdsa_sha256, std::string(32, 'd')).error(), Error::not_allowed);
  EXPECT_EQ(ring_.sign(1, Scheme::ecdsa_sha256, "").error(), Error::not_allowed);
}

TEST_F(KeyRingTest, SignsNoHandshakeOfTls13WithPkcs1) {
  EXPECT_EQ(ring_.sign(0, Scheme::rsa_pkcs1_sha256, test::certificate_verify()).error(), Error::not_allowed);
  EXPECT_TRUE(ring_.sign(0, Scheme::rsa_pss_sha256, test::certificate_verify()));
}

TEST_F(KeyRingTest, HasNoKeyBeyondTheLast) {
  EXPECT_EQ(ring_.sign(3, Scheme::ecdsa_sha256, test::certificate_verify()).error(), Error::no_such_key);
  EXPECT_EQ(ring_.chain(3).error(), Error::no_such_key);
}

TEST_F(KeyRingTest, KeepsTheChainInItsOrder) {
  KeyRing ring;
  ASSERT_TRUE(ring.add(ec_.certificate_pem() + rsa_.certificate_pem(), ec_.key_pem()));
  const auto chain = ring.chain(0);
  ASSERT_TRUE(chain);
  ASSERT_EQ(chain->size(), 2U);
  EXPECT_EQ(chain->front(), ring_.chain(1)->front());
  EXPECT_EQ(chain->back(), ring_.chain(0)->front());
}

TEST_F(KeyRingTest, RefusesWhatIsNoCertificateOrNoKey) {
  KeyRing ring;
  EXPECT_EQ(ring.add("", ec_.key_pem()).error(), Error::bad_certificate);
  EXPECT_EQ(ring.add(ec_.key_pem(), ec_.key_pem()).error(), Error::bad_certificate);
  EXPECT_EQ(ring.add(ec_.certificate_pem(), "").error(), Error::bad_key);
  EXPECT_EQ(ring.add(ec_.certificate_pem(), ec_.certificate_pem()).error(), Error::bad_key);
  EXPECT_EQ(
      ring.add(ec_.certificate_pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ec_.key_pem())
          .error(),
      Error::bad_certificate);
  EXPECT_EQ(ring.size(), 0U);
}

TEST_F(KeyRingTest, RefusesAKeyOfAnotherCertificate) {
  KeyRing ring;
  EXPECT_EQ(ring.add(ec_.certificate_pem(), TestIdentity(KeyKind::ec).key_pem()).error(), Error::wrong_key);
  EXPECT_EQ(ring.add(ec_.certificate_pem(), rsa_.key_pem()).error(), Error::wrong_key);
}

TEST_F(KeyRingTest, TakesSoManyKeysAndNoMore) {
  KeyRing ring;
  for (std::size_t i = 0; i < limits::keys_max; ++i) ASSERT_TRUE(ring.add(ec_.certificate_pem(), ec_.key_pem()));
  EXPECT_EQ(ring.add(ec_.certificate_pem(), ec_.key_pem()).error(), Error::too_many_keys);
}

}  // namespace
}  // namespace fermo::keys
