#include "sasl/client_mechanism.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "sasl/apop.h"
#include "sasl/plain.h"

namespace fermo::sasl {
namespace {

using namespace std::string_literals;

// --- By hand and with OpenSSL, so that the library does not check itself
// ----------------------------------------------

std::string base64(std::string_view octets) {
  std::string text(4 * ((octets.size() + 2) / 3) + 1, '\0');
  const int size =
      ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(octets.data()), static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string unbase64(std::string_view text) {
  std::string octets(text.size(), '\0');
  const int size =
      ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(octets.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const auto padding = static_cast<std::size_t>(std::ranges::count(text, '='));
  octets.resize(static_cast<std::size_t>(std::max(size, 0)) - padding);
  return octets;
}

std::string hmac(const EVP_MD* hash, std::string_view key, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  ::HMAC(hash, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
         data.size(), out.data(), &size);
  return {reinterpret_cast<char*>(out.data()), size};
}

std::string digest(const EVP_MD* hash, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  ::EVP_Digest(data.data(), data.size(), out.data(), &size, hash, nullptr);
  return {reinterpret_cast<char*>(out.data()), size};
}

/// The server of RFC 5802 §3, which knows the password of "mrose".
class ScramServer {
 public:
  ScramServer(const EVP_MD* hash, std::string password, std::string iterations)
      : hash_(hash), password_(std::move(password)), iterations_(std::move(iterations)) {}

  std::string header() const { return header_; }  ///< gs2-header of the client's first message.

  std::string first(const std::string& client_first) {
    const auto bare = client_first.find("n=");
    header_ = client_first.substr(0, bare);
    client_first_bare_ = client_first.substr(bare);
    const auto nonce = client_first_bare_.substr(client_first_bare_.find("r=") + 2);
    server_first_ = "r=" + nonce + "server,s=" + base64(salt) + ",i=" + iterations_;
    return server_first_;
  }

  /// The server-final message; empty when the client's proof is wrong.
  std::string final(const std::string& client_final, const std::string& binding = {}) {
    const auto proof_at = client_final.find(",p=");
    const auto without_proof = client_final.substr(0, proof_at);
    if (!without_proof.starts_with("c=" + base64(header_ + binding) + ",")) return {};
    const auto auth_message = client_first_bare_ + "," + server_first_ + "," + without_proof;
    const auto salted = salted_password();
    const auto client_key = hmac(hash_, salted, "Client Key");
    auto proof = hmac(hash_, digest(hash_, client_key), auth_message);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
    if (client_final.substr(proof_at + 3) != base64(proof)) return {};
    return "v=" + base64(hmac(hash_, hmac(hash_, salted, "Server Key"), auth_message));
  }

 private:
  static constexpr std::string_view salt = "salt of 16 octet";

  std::string salted_password() const {
    std::string out(static_cast<std::size_t>(::EVP_MD_get_size(hash_)), '\0');
    ::PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()),
                        reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                        std::stoi(iterations_), hash_, static_cast<int>(out.size()),
                        reinterpret_cast<unsigned char*>(out.data()));
    return out;
  }

  const EVP_MD* hash_;
  std::string password_;
  std::string iterations_;
  std::string header_;
  std::string client_first_bare_;
  std::string server_first_;
};

ClientCredentials mrose(std::string_view password = "pencil") {
  return {.user = "mrose",
          .authorization_identity = {},
          .secret = Secret(password),
          .channel_binding = {},
          .host = "pop.example.org",
          .port = 995};
}

std::unique_ptr<ClientMechanism> start(Mechanism mechanism, const ClientCredentials& credentials = mrose()) {
  auto started = start_client_mechanism(mechanism, credentials);
  EXPECT_TRUE(started) << started.error().message();
  return std::move(*started);
}

/// Plain challenge, plain answer.
std::string answer(ClientMechanism& mechanism, std::string_view challenge) {
  const auto response = mechanism.respond(base64(challenge));
  EXPECT_TRUE(response) << response.error().message();
  return response ? unbase64(response->reveal()) : "";
}

error_code refusal_of(ClientMechanism& mechanism, std::string_view challenge) {
  const auto response = mechanism.respond(base64(challenge));
  return response ? error_code() : response.error();
}

// --- Names -----------------------------------------------------------------------------------------------------------

TEST(Mechanism, IsFoundByItsNameInAnyCase) {
  EXPECT_EQ(mechanism_named("scram-Sha-256-PLUS"), Mechanism::scram_sha_256_plus);
  EXPECT_EQ(mechanism_named("XOAUTH2"), Mechanism::xoauth2);
  EXPECT_EQ(mechanism_named("NTLM"), std::nullopt);
  EXPECT_EQ(mechanism_named(""), std::nullopt);
  EXPECT_EQ(mechanism_named("PLAI"), std::nullopt);
  EXPECT_EQ(name_of(Mechanism::cram_md5), "CRAM-MD5");
}

TEST(Mechanism, IsKnownForWhatItReveals) {
  for (const auto revealing : {Mechanism::plain, Mechanism::login, Mechanism::xoauth2, Mechanism::oauthbearer}) {
    EXPECT_TRUE(reveals_secret(revealing)) << name_of(revealing);
  }
  for (const auto safe : {Mechanism::scram_sha_1, Mechanism::scram_sha_256_plus, Mechanism::cram_md5}) {
    EXPECT_FALSE(reveals_secret(safe)) << name_of(safe);
  }
}

// --- SCRAM -----------------------------------------------------------------------------------------------------------

TEST(ScramClient, LogsInAndChecksTheServer) {
  for (const auto& [mechanism, hash] :
       {std::pair{Mechanism::scram_sha_256, ::EVP_sha256()}, std::pair{Mechanism::scram_sha_1, ::EVP_sha1()}}) {
    ScramServer server(hash, "pencil", "4096");
    const auto client = start(mechanism);
    EXPECT_TRUE(client->client_first());
    const auto client_final = answer(*client, server.first(answer(*client, "")));
    EXPECT_EQ(server.header(), "n,,");
    EXPECT_FALSE(client->complete());
    const auto server_final = server.final(client_final);
    ASSERT_FALSE(server_final.empty());
    EXPECT_EQ(answer(*client, server_final), "");
    EXPECT_TRUE(client->complete());
    EXPECT_EQ(refusal_of(*client, server_final), Error::malformed);
  }
}

TEST(ScramClient, BindsTheChannel) {
  auto credentials = mrose();
  for (const auto& [type, name] : {std::pair{ChannelBinding::Type::tls_exporter, "p=tls-exporter,,"s},
                                   std::pair{ChannelBinding::Type::tls_unique, "p=tls-unique,,"s}}) {
    credentials.channel_binding = {.type = type, .octets = "\x01\x00\xFFkey"s};
    ScramServer server(::EVP_sha256(), "pencil", "4096");
    const auto client = start(Mechanism::scram_sha_256_plus, credentials);
    const auto client_final = answer(*client, server.first(answer(*client, "")));
    EXPECT_EQ(server.header(), name);
    const auto server_final = server.final(client_final, credentials.channel_binding.octets);
    ASSERT_FALSE(server_final.empty());
    answer(*client, server_final);
    EXPECT_TRUE(client->complete());
  }
}

TEST(ScramClient, LogsInWithoutBindingTheChannelThoughItCould) {
  auto credentials = mrose();
  credentials.channel_binding = {.type = ChannelBinding::Type::tls_exporter, .octets = "key"};
  const auto client = start(Mechanism::scram_sha_256, credentials);
  EXPECT_TRUE(answer(*client, "").starts_with("n,,n=mrose,"));
}

TEST(ScramClient, CannotBindWhatIsNotThere) {
  EXPECT_TRUE(start(Mechanism::scram_sha_256_plus)->respond({}).has_error());
}

TEST(ScramClient, AsksForSomebodyElsesMaildrop) {
  auto credentials = mrose();
  credentials.authorization_identity = "post=office,1";
  const auto client = start(Mechanism::scram_sha_1, credentials);
  EXPECT_TRUE(answer(*client, "").starts_with("n,a=post=3Doffice=2C1,n=mrose,"));
}

TEST(ScramClient, DoesNotBelieveAServerThatDoesNotKnowThePassword) {
  ScramServer server(::EVP_sha256(), "pencil", "4096");
  const auto client = start(Mechanism::scram_sha_256);
  const auto client_final = answer(*client, server.first(answer(*client, "")));
  auto server_final = server.final(client_final);
  server_final[4] = server_final[4] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refusal_of(*client, server_final), Error::server_not_authentic);
  EXPECT_FALSE(client->complete());
}

TEST(ScramClient, PassesOnWhyItIsRefused) {
  ScramServer server(::EVP_sha256(), "pencil", "4096");
  const auto client = start(Mechanism::scram_sha_256, mrose("wrong"));
  EXPECT_EQ(server.final(answer(*client, server.first(answer(*client, "")))), "");
  EXPECT_EQ(answer(*client, "e=invalid-proof"), "");
  EXPECT_EQ(client->refusal(), "invalid-proof");
  EXPECT_FALSE(client->complete());
  EXPECT_EQ(refusal_of(*client, "v=AAAA"), Error::malformed);
}

TEST(ScramClient, BoundsTheIterations) {
  const auto outcome = [](const std::string& iterations) {
    const auto client = start(Mechanism::scram_sha_1);
    const auto client_first = answer(*client, "");
    return refusal_of(*client, client_first.substr(client_first.find("r=")) + "x,s=QUFBQQ==,i=" + iterations);
  };
  EXPECT_EQ(outcome("4096"), error_code());
  EXPECT_EQ(outcome("1000000"), error_code());
  for (const auto* iterations :
       {"4095", "1000001", "0", "-4096", "4294971392", "99999999999999999999999", "", "4096x"}) {
    EXPECT_EQ(outcome(iterations), Error::unacceptable_iterations) << iterations;
  }
  EXPECT_EQ(outcome("4096,i=4096"), Error::unacceptable_iterations);
}

TEST(ScramClient, RefusesANonceThatIsNotItsOwn) {
  const auto client = start(Mechanism::scram_sha_256);
  answer(*client, "");
  EXPECT_EQ(refusal_of(*client, "r=other,s=QUFBQQ==,i=4096"), Error::server_not_authentic);
}

TEST(ScramClient, RefusesNonsense) {
  for (const auto& challenge : {""s, "r="s, "\0"s, "i=4096"s, std::string(10'000, ',')}) {
    const auto client = start(Mechanism::scram_sha_256);
    answer(*client, "");
    EXPECT_TRUE(refusal_of(*client, challenge)) << challenge;
  }
}

// --- The rest of GNU SASL --------------------------------------------------------------------------------------------

TEST(PlainClient, SendsAllAtOnce) {
  auto credentials = mrose("p\xC3\xA4ss w\xF6rd");
  credentials.authorization_identity = "office";
  const auto client = start(Mechanism::plain, credentials);
  EXPECT_TRUE(client->client_first());
  EXPECT_FALSE(client->complete());
  EXPECT_EQ(answer(*client, ""), "office\0mrose\0p\xC3\xA4ss w\xF6rd"s);
  EXPECT_TRUE(client->complete());
}

TEST(PlainClient, LeavesTheAuthorizationIdentityEmpty) {
  EXPECT_EQ(answer(*start(Mechanism::plain), ""), "\0mrose\0pencil"s);
}

TEST(LoginClient, AnswersTwoChallengesWhateverTheySay) {
  const auto client = start(Mechanism::login);
  EXPECT_FALSE(client->client_first());
  EXPECT_EQ(answer(*client, "Username:"), "mrose");
  EXPECT_FALSE(client->complete());
  EXPECT_EQ(answer(*client, ""), "pencil");
  EXPECT_TRUE(client->complete());
}

TEST(CramMd5Client, AnswersAsRfc2195Shows) {
  auto credentials = mrose("tanstaaftanstaaf");
  credentials.user = "tim";
  const auto client = start(Mechanism::cram_md5, credentials);
  EXPECT_FALSE(client->client_first());
  EXPECT_EQ(answer(*client, "<1896.697170952@postoffice.reston.mci.net>"), "tim b913a602c7eda7a495b4e6e7334d3890");
  EXPECT_TRUE(client->complete());
}

TEST(ExternalClient, SendsTheAuthorizationIdentityOrNothing) {
  EXPECT_EQ(answer(*start(Mechanism::external), ""), "");
  auto credentials = mrose();
  credentials.authorization_identity = "office";
  const auto client = start(Mechanism::external, credentials);
  EXPECT_EQ(answer(*client, ""), "office");
  EXPECT_TRUE(client->complete());
}

// --- Tokens ----------------------------------------------------------------------------------------------------------

TEST(XOAuth2Client, SendsTheTokenAsGoogleAndMicrosoftWantIt) {
  const auto client = start(Mechanism::xoauth2, mrose("ya29.token"));
  EXPECT_EQ(answer(*client, ""), "user=mrose\1auth=Bearer ya29.token\1\1");
  EXPECT_TRUE(client->complete());
}

TEST(XOAuth2Client, AnswersTheErrorChallengeWithAnEmptyLine) {
  const auto client = start(Mechanism::xoauth2, mrose("ya29.token"));
  answer(*client, "");
  EXPECT_EQ(answer(*client, R"({"status":"400"})"), "");
  EXPECT_EQ(client->refusal(), R"({"status":"400"})");
  EXPECT_FALSE(client->complete());
  EXPECT_EQ(refusal_of(*client, "again"), Error::malformed);
}

TEST(OAuthBearerClient, SendsTheTokenAsRfc7628Shows) {
  auto credentials = mrose("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
  credentials.user = "user@example.com";
  credentials.host = "server.example.com";
  credentials.port = 143;
  const auto client = start(Mechanism::oauthbearer, credentials);
  const auto response = client->respond({});
  ASSERT_TRUE(response);
  // RFC 7628 §4.1.
  EXPECT_EQ(
      response->reveal(),
      "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk5"
      "2YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB");
  const auto farewell = client->respond(base64(R"({"status":"invalid_token"})"));
  ASSERT_TRUE(farewell);
  EXPECT_EQ(farewell->reveal(), "AQ==");
  EXPECT_EQ(client->refusal(), R"({"status":"invalid_token"})");
}

TEST(OAuthBearerClient, EscapesTheName) {
  auto credentials = mrose("t");
  credentials.user = "a=b,c";
  EXPECT_TRUE(answer(*start(Mechanism::oauthbearer, credentials), "").starts_with("n,a=a=3Db=2Cc,\1host="));
}

// --- Credentials that cannot be carried ------------------------------------------------------------------------------

TEST(ClientMechanism, RefusesWhatWouldChangeItsMessage) {
  for (const auto mechanism : {Mechanism::plain, Mechanism::login, Mechanism::scram_sha_256, Mechanism::cram_md5,
                               Mechanism::xoauth2, Mechanism::oauthbearer}) {
    EXPECT_EQ(start_client_mechanism(mechanism, mrose("a\0b"s)).error(), Error::credentials_unusable);
  }
  EXPECT_EQ(start_client_mechanism(Mechanism::xoauth2, mrose("a\1user=b")).error(), Error::credentials_unusable);
  EXPECT_EQ(start_client_mechanism(Mechanism::scram_sha_1, mrose("\xE4")).error(), Error::credentials_unusable);
}

TEST(ClientMechanism, RefusesAChallengeThatIsNotBase64) {
  const auto client = start(Mechanism::cram_md5);
  EXPECT_EQ(client->respond("<1896@example.org>").error(), Error::malformed);
}

// --- APOP ------------------------------------------------------------------------------------------------------------

TEST(Apop, MakesTheDigestOfRfc1939) {
  const auto made = apop_digest("<1896.697170952@dbc.mtview.ca.us>", Secret("tanstaaf"));
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, "c4c9334bac560ecc979e58001b3e22fb");
}

TEST(Apop, TakesOnlyAPlainTimestamp) {
  EXPECT_EQ(apop_timestamp("POP3 server ready <1896.697170952@dbc.mtview.ca.us>"), "<1896.697170952@dbc.mtview.ca.us>");
  for (const auto* greeting :
       {"ready", "<>", "<@>", "<a@>", "<@b>", "<a b@c>", "<a@b", "a@b>", "<a\xE4@b>", "<a@b@c>", ">a@b<"}) {
    EXPECT_EQ(apop_timestamp(greeting), std::nullopt) << greeting;
  }
}

}  // namespace
}  // namespace fermo::sasl
