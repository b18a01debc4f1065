#include "runtime/self_signed.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/releaser.h"
#include "runtime/error.h"

namespace fermo::runtime {
namespace {

namespace fs = std::filesystem;

constexpr long kValidDays = 3652;

using Key = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Releaser<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Releaser<BIO_free_all>>;

/// A host name goes into an OpenSSL configuration string, where commas and colons have a meaning.
bool is_plain_name(std::string_view name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(allowed) == std::string_view::npos;
}

bool add_extension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1;
}

bool set_name(X509* certificate, const std::string& common_name) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

Certificate make_certificate(EVP_PKEY* key, const std::string& host_name) {
  const bool named = is_plain_name(host_name);
  Certificate certificate(X509_new());
  X509* const made = certificate.get();
  const bool local = !named || host_name == "localhost";
  const std::string names = std::string(local ? "" : "DNS:" + host_name + ",") + "DNS:localhost,IP:127.0.0.1,IP:::1";
  constexpr long seconds_a_day = 24 * 60 * 60;
  const bool ok = made != nullptr && X509_set_version(made, X509_VERSION_3) == 1 && set_serial(made) &&
                  set_name(made, named ? host_name : "localhost") &&
                  X509_gmtime_adj(X509_getm_notBefore(made), -seconds_a_day) != nullptr &&  // for clocks that lag
                  X509_gmtime_adj(X509_getm_notAfter(made), kValidDays * seconds_a_day) != nullptr &&
                  X509_set_pubkey(made, key) == 1 && add_extension(made, NID_basic_constraints, "critical,CA:FALSE") &&
                  add_extension(made, NID_key_usage, "critical,digitalSignature") &&
                  add_extension(made, NID_ext_key_usage, "serverAuth") &&
                  add_extension(made, NID_subject_alt_name, names) && X509_sign(made, key, EVP_sha256()) != 0;
  if (!ok) return nullptr;
  return certificate;
}

std::string pem_text(BIO* memory) {
  char* data = nullptr;
  const long octets = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(octets)};
}

std::string failed(const char* what, const fs::path& path) {
  return "cannot " + std::string(what) + " " + path.string() + ": " + std::strerror(errno) +
         "; the self-signed certificate is kept there, name another one with tls.certificate and tls.key";
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

bool sync_directory(const fs::path& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.get() >= 0 && ::fsync(directory.get()) == 0;
}

/// Nothing on success.
std::string write_file(const fs::path& path, std::string_view text, mode_t mode) {
  const fs::path temporary = path.string() + ".new";
  ::unlink(temporary.c_str());  // what a crash left behind
  const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (file.get() < 0) return failed("create", temporary);
  if (!write_whole(file.get(), text)) return failed("write", temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("create", path);
  if (!sync_directory(path.parent_path())) return failed("write", path.parent_path());
  return {};
}

struct Pems {
  std::string certificate;
  std::string key;
};

Explained<Pems> make_pems(const std::string& host_name) {
  using Outcome = Explained<Pems>;
  const std::string problem = "OpenSSL cannot make a self-signed certificate: ";
  const auto reason = [] { return take_openssl_error(make_error_code(Error::cancelled)).message(); };
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return Outcome::problem(problem + reason());
  const Certificate certificate = make_certificate(key.get(), host_name);
  if (!certificate) return Outcome::problem(problem + reason());
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Outcome::problem(problem + reason());
  }
  return Pems{pem_text(certificate_text.get()), pem_text(key_text.get())};
}

}  // namespace

Explained<SelfSigned> ensure_self_signed(const fs::path& directory, const std::string& host_name) {
  using Outcome = Explained<SelfSigned>;
  const CertificateFiles files = {directory / "certificate.pem", directory / "key.pem"};
  std::error_code failure;
  if (fs::exists(files.certificate, failure) && fs::exists(files.key, failure)) return SelfSigned{files, false};

  fs::create_directories(directory, failure);
  if (failure) {
    errno = failure.value();
    return Outcome::problem(failed("create", directory));
  }
  const fs::path above = directory.has_parent_path() ? directory.parent_path() : ".";
  if (!sync_directory(above)) return Outcome::problem(failed("write", above));
  auto pems = make_pems(host_name);
  if (!pems) return Outcome::problem(pems.problem());
  // The key first: a certificate without one would look like a finished pair to nobody, but a key alone is made anew.
  std::string problem = write_file(files.key, pems->key, 0600);
  OPENSSL_cleanse(pems->key.data(), pems->key.size());
  if (problem.empty()) problem = write_file(files.certificate, pems->certificate, 0644);
  if (!problem.empty()) return Outcome::problem(problem);
  return SelfSigned{files, true};
}

}  // namespace fermo::runtime
