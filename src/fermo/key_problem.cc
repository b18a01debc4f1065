#include "fermo/key_problem.h"

#include "keys/error.h"

namespace fermo::commands {
namespace {

std::string of_certificate(const runtime::CertificateFiles& files, const std::string& reason) {
  return "the certificate " + files.certificate.string() + " cannot be used" + reason +
         "; it must be a readable PEM file with the server's certificate first and the intermediate ones after it";
}

std::string of_key(const runtime::CertificateFiles& files, const std::string& reason) {
  return "the key " + files.key.string() + " cannot be used" + reason +
         "; it must be a readable PEM file without a passphrase, and belong to " + files.certificate.string();
}

}  // namespace

std::string file_problem(const runtime::CertificateFiles& files, const std::filesystem::path& path,
                         const std::string& reason) {
  return path == files.certificate ? of_certificate(files, ": " + reason) : of_key(files, ": " + reason);
}

std::string key_problem(const runtime::CertificateFiles& files, std::uint8_t refusal) {
  switch (static_cast<keys::Error>(refusal)) {
    case keys::Error::bad_certificate:
      return of_certificate(files, {});
    case keys::Error::bad_key:
      return of_key(files, {});
    case keys::Error::wrong_key:
      return "the key " + files.key.string() + " does not belong to the certificate " + files.certificate.string();
    default:
      return "the process that holds the keys cannot be started";
  }
}

}  // namespace fermo::commands
