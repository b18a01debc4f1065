#include "runtime/tls_client_context.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>

#include "runtime/error.h"

namespace fermo::runtime {
namespace {

using Kind = CertificateProblem::Kind;

std::string reason() {
  return take_openssl_error(make_error_code(Error::cancelled)).message();
}

std::optional<unsigned> digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return std::nullopt;
}

std::optional<PublicKeyPin> pin_of_hexadecimal(std::string_view text) {
  std::string digits(text);
  std::erase(digits, ':');
  PublicKeyPin pin{};
  if (digits.size() != 2 * pin.size()) return std::nullopt;
  for (std::size_t i = 0; i < pin.size(); ++i) {
    const auto high = digit_of(digits[2 * i]);
    const auto low = digit_of(digits[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    pin[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return pin;
}

std::optional<PublicKeyPin> pin_of_base64(std::string_view text) {
  constexpr std::size_t encoded_octets = 44;
  std::array<unsigned char, 33> decoded{};
  PublicKeyPin pin{};
  if (text.size() != encoded_octets || !text.ends_with('=') || text[encoded_octets - 2] == '=') return std::nullopt;
  const auto* encoded = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DecodeBlock(decoded.data(), encoded, encoded_octets) != static_cast<int>(decoded.size())) return std::nullopt;
  std::copy_n(decoded.begin(), pin.size(), pin.begin());
  return pin;
}

std::optional<PublicKeyPin> key_of(const X509* certificate) {
  PublicKeyPin pin{};
  unsigned char* encoded = nullptr;
  const int octets = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
  if (octets <= 0) return std::nullopt;
  unsigned digested = 0;
  const int ok = EVP_Digest(encoded, static_cast<std::size_t>(octets), pin.data(), &digested, EVP_sha256(), nullptr);
  OPENSSL_free(encoded);
  return ok == 1 && digested == pin.size() ? std::optional(pin) : std::nullopt;
}

// --- Words -----------------------------------------------------------------------------------------------------------

/// A certificate is written by the peer: what is shown of it is plain ASCII.
std::string shown(std::string_view text) {
  constexpr std::size_t octets_max = 128;
  std::string clean(text.substr(0, octets_max));
  std::ranges::replace_if(clean, [](char c) { return c < 0x20 || c == 0x7f; }, '?');
  return clean;
}

std::string day_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown day";
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

std::string common_name(const X509_NAME* name) {
  std::array<char, 256> text{};
  for (const int field : {NID_commonName, NID_organizationName, NID_organizationalUnitName}) {
    if (X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), field, text.data(), text.size()) > 0) {
      return shown(text.data());
    }
  }
  return "nobody named";
}

std::string name_of(const GENERAL_NAME& name) {
  const auto octets = [](const ASN1_STRING* text) {
    return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
  };
  if (name.type == GEN_DNS) return shown(octets(name.d.dNSName));
  if (name.type != GEN_IPADD) return {};
  const std::string address = octets(name.d.iPAddress);
  if (address.size() == 4) {
    boost::asio::ip::address_v4::bytes_type bytes;
    std::ranges::copy(address, bytes.begin());
    return boost::asio::ip::address_v4(bytes).to_string();
  }
  if (address.size() != 16) return {};
  boost::asio::ip::address_v6::bytes_type bytes;
  std::ranges::copy(address, bytes.begin());
  return boost::asio::ip::address_v6(bytes).to_string();
}

std::string names_of(const X509* certificate) {
  constexpr int names_max = 6;
  std::string text;
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < names_max; ++i) {
    const std::string name = name_of(*sk_GENERAL_NAME_value(names, i));
    if (!name.empty()) text.append(text.empty() ? "" : ", ").append(name);
  }
  GENERAL_NAMES_free(names);
  return text.empty() ? common_name(X509_get_subject_name(certificate)) : text;
}

std::string fingerprint_of(const X509* certificate) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned octets = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &octets) != 1) return {};
  std::string text;
  for (unsigned i = 0; i < octets; ++i) {
    if (i > 0) text += ':';
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 0xF];
  }
  return text;
}

CertificateFacts facts_of(const X509* certificate) {
  return {names_of(certificate), common_name(X509_get_issuer_name(certificate)),
          day_of(X509_get0_notBefore(certificate)), day_of(X509_get0_notAfter(certificate)),
          fingerprint_of(certificate)};
}

Kind kind_of(int code) {
  switch (code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Kind::wrong_host;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Kind::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Kind::not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return Kind::self_signed;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
      return Kind::unknown_issuer;
    case X509_V_ERR_APPLICATION_VERIFICATION:
      return Kind::wrong_key;
    default:
      return Kind::other;
  }
}

/// `wrong` is the certificate of the chain that it is about, `own` the server's.
std::string words(Kind kind, int code, const X509* wrong, const X509* own, const std::string& host) {
  const std::string whose = wrong == own ? "it" : "the certificate of " + common_name(X509_get_subject_name(wrong));
  switch (kind) {
    case Kind::wrong_host:
      return "it is for " + names_of(own) + ", not for " + host;
    case Kind::expired:
      return whose + " expired on " + day_of(X509_get0_notAfter(wrong));
    case Kind::not_yet_valid:
      return whose + " is not valid before " + day_of(X509_get0_notBefore(wrong));
    case Kind::self_signed:
      return "it is self-signed, so nobody but the server itself vouches for it";
    case Kind::unknown_issuer:
      return "it was issued by " + common_name(X509_get_issuer_name(wrong)) + ", whom nothing here vouches for";
    case Kind::wrong_key:
      return "its key is not the one that is pinned";
    case Kind::other:
      break;
  }
  return std::string("it cannot be verified: ") + X509_verify_cert_error_string(code);
}

}  // namespace

std::optional<PublicKeyPin> parse_pin(std::string_view text) {
  for (const std::string_view prefix : {"sha256//", "sha256:", "SHA256:"}) {
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
      break;
    }
  }
  const auto pin = pin_of_hexadecimal(text);
  return pin ? pin : pin_of_base64(text);
}

std::string text_of(const PublicKeyPin& pin) {
  std::array<unsigned char, 45> encoded{};
  EVP_EncodeBlock(encoded.data(), pin.data(), static_cast<int>(pin.size()));
  return std::string("sha256//") + reinterpret_cast<const char*>(encoded.data());
}

class TlsClientContext::Impl {
 public:
  explicit Impl(TlsTrust trust) : trust_(std::move(trust)), context_(SSL_CTX_new(TLS_client_method())) {}

  std::string load(std::string_view alpn_protocol) {
    if (!context_) return "OpenSSL cannot make a TLS context: " + reason();
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);  // RFC 8314 §4.1, RFC 8996
    SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_clear_mode(context_.get(), SSL_MODE_AUTO_RETRY);  // as in TlsContext
    SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context_.get(), &verify, this);
    if (!alpn_protocol.empty()) offer(alpn_protocol);
    return load_authorities();
  }

  bool prepare(SSL* ssl, const std::string& host, std::optional<CertificateProblem>* problem) const {
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(host, no_address);
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set_ex_data(ssl, problem_index(), problem) != 1) return false;
    if (!no_address) return X509_VERIFY_PARAM_set1_ip_asc(parameters, address.to_string().c_str()) == 1;
    return X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size()) == 1 &&
           SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  }

  SSL_CTX* context() const { return context_.get(); }

 private:
  void offer(std::string_view alpn_protocol) {
    const std::string offered = static_cast<char>(alpn_protocol.size()) + std::string(alpn_protocol);
    SSL_CTX_set_alpn_protos(context_.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                            static_cast<unsigned>(offered.size()));
  }

  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  static int problem_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
  }

  std::string load_authorities() {
    const std::string file = trust_.authorities.string();
    if (file.empty()) {
      SSL_CTX_set_default_verify_paths(context_.get());
      return {};
    }
    // What the user names is to be believed, whether it signs others or is the server's own.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context_.get()), X509_V_FLAG_PARTIAL_CHAIN);
    if (SSL_CTX_load_verify_file(context_.get(), file.c_str()) == 1) return {};
    return "the certificates in " + file + " cannot be used: " + reason() + "; it must be a readable PEM file";
  }

  /// With pins and no authorities named, the pinned key speaks for itself.
  bool key_vouches() const { return !trust_.pins.empty() && trust_.authorities.empty(); }

  static int excuse_issuer(int ok, X509_STORE_CTX* store) {
    if (ok == 1) return 1;
    const Kind kind = kind_of(X509_STORE_CTX_get_error(store));
    if (kind != Kind::self_signed && kind != Kind::unknown_issuer) return 0;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }

  static int verify(X509_STORE_CTX* store, void* self) {
    const auto& impl = *static_cast<const Impl*>(self);
    if (impl.key_vouches()) X509_STORE_CTX_set_verify_cb(store, &excuse_issuer);
    bool verified = X509_verify_cert(store) == 1;
    if (verified && !impl.is_pinned(X509_STORE_CTX_get0_cert(store))) {
      X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
      verified = false;
    }
    if (!verified) report(store);
    return verified ? 1 : 0;
  }

  bool is_pinned(const X509* certificate) const {
    if (trust_.pins.empty()) return true;
    const auto key = key_of(certificate);
    return key && std::ranges::find(trust_.pins, *key) != trust_.pins.end();
  }

  static void report(X509_STORE_CTX* store) {
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* problem = static_cast<std::optional<CertificateProblem>*>(SSL_get_ex_data(ssl, problem_index()));
    const X509* own = X509_STORE_CTX_get0_cert(store);
    if (problem == nullptr || own == nullptr) return;
    const int code = X509_STORE_CTX_get_error(store);
    const X509* current = X509_STORE_CTX_get_current_cert(store);
    const X509* wrong = current != nullptr ? current : own;
    const Kind kind = kind_of(code);
    *problem = CertificateProblem{kind, words(kind, code, wrong, own, host_of(ssl)), key_of(own), facts_of(own)};
  }

  static std::string host_of(SSL* ssl) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
    if (const char* name = X509_VERIFY_PARAM_get0_host(parameters, 0); name != nullptr) return name;
    char* address = X509_VERIFY_PARAM_get1_ip_asc(parameters);
    if (address == nullptr) return "this server";
    std::string text(address);
    OPENSSL_free(address);
    return text;
  }

  const TlsTrust trust_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
};

TlsClientContext::TlsClientContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsClientContext::~TlsClientContext() = default;

Explained<std::shared_ptr<const TlsClientContext>> TlsClientContext::load(TlsTrust trust,
                                                                          std::string_view alpn_protocol) {
  using Outcome = Explained<std::shared_ptr<const TlsClientContext>>;
  auto impl = std::make_unique<Impl>(std::move(trust));
  if (std::string problem = impl->load(alpn_protocol); !problem.empty()) return Outcome::problem(std::move(problem));
  return Outcome(std::shared_ptr<const TlsClientContext>(new TlsClientContext(std::move(impl))));
}

bool TlsClientContext::prepare(ssl_st* ssl, const std::string& host, std::optional<CertificateProblem>* problem) const {
  return impl_->prepare(ssl, host, problem);
}

ssl_ctx_st* TlsClientContext::native() const {
  return impl_->context();
}

}  // namespace fermo::runtime
