#pragma once

#include <filesystem>
#include <string>

#include "runtime/explained.h"
#include "runtime/tls_context.h"

namespace fermo::runtime {

struct SelfSigned {
  CertificateFiles files;
  bool made;  ///< False: they were there already.
};

/// The self-signed certificate under `directory`, made when it is not there yet: EC P-256, for `host_name`, localhost,
/// 127.0.0.1 and ::1. Valid for ten years, because a client that trusts it has pinned this very certificate and would
/// have to be told again. Files appear whole or not at all; the key is readable for its owner alone.
Explained<SelfSigned> ensure_self_signed(const std::filesystem::path& directory, const std::string& host_name);

}  // namespace fermo::runtime
