#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/releaser.h"

/// Owners of OpenSSL's objects.
namespace fermo::keys {

using KeyPointer = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using KeyContextPointer = std::unique_ptr<EVP_PKEY_CTX, Releaser<EVP_PKEY_CTX_free>>;
using CertificatePointer = std::unique_ptr<X509, Releaser<X509_free>>;
using DigestPointer = std::unique_ptr<EVP_MD_CTX, Releaser<EVP_MD_CTX_free>>;
using BioPointer = std::unique_ptr<BIO, Releaser<BIO_free_all>>;

}  // namespace fermo::keys
