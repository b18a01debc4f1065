#include "runtime/file_identity.h"

#include <openssl/ssl.h>

#include "base/limits.h"
#include "runtime/error.h"

namespace fermo::runtime {
namespace {

std::string reason() {
  return take_openssl_error(make_error_code(Error::cancelled)).message();
}

/// A key that asks for a passphrase would stop the start of the program at a prompt.
int refuse_passphrase(char*, int, int, void*) {
  return -1;
}

class FileIdentity final : public TlsIdentity {
 public:
  explicit FileIdentity(CertificateFiles files) : files_(std::move(files)), ticket_keys_(limits::ticket_key_time_max) {}

  std::string install(SSL_CTX* context) override {
    SSL_CTX_set_default_passwd_cb(context, &refuse_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context, files_.certificate.c_str()) != 1) {
      return "the certificate " + files_.certificate.string() + " cannot be used: " + reason() +
             "; it must be a readable PEM file with the server's certificate first and the intermediate ones after it";
    }
    if (SSL_CTX_use_PrivateKey_file(context, files_.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      return "the key " + files_.key.string() + " cannot be used: " + reason() +
             "; it must be a readable PEM file without a passphrase, and belong to " + files_.certificate.string();
    }
    if (SSL_CTX_check_private_key(context) != 1) {
      return "the key " + files_.key.string() + " does not belong to the certificate " + files_.certificate.string();
    }
    return {};
  }

  tickets::TicketKeySource& ticket_keys() override { return ticket_keys_; }

 private:
  const CertificateFiles files_;
  tickets::OwnTicketKeys ticket_keys_;
};

}  // namespace

std::shared_ptr<TlsIdentity> identity_of(const CertificateFiles& files) {
  return std::make_shared<FileIdentity>(files);
}

}  // namespace fermo::runtime
