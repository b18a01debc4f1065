#pragma once

#include <filesystem>

#include "runtime/tls_identity.h"

namespace fermo::runtime {

/// A certificate chain and its key, both PEM.
struct CertificateFiles {
  std::filesystem::path certificate;  ///< The server's own first, then the intermediate ones.
  std::filesystem::path key;          ///< Not encrypted.
};

/// Files that this process reads itself, and ticket keys of its own.
std::shared_ptr<TlsIdentity> identity_of(const CertificateFiles& files);

}  // namespace fermo::runtime
