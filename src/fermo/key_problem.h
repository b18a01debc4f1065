#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "runtime/file_identity.h"

namespace fermo::commands {

/// Why one of the two files cannot be used, for the operator. `reason` is the system's.
std::string file_problem(const runtime::CertificateFiles& files, const std::filesystem::path& path,
                         const std::string& reason);

/// Why the process that holds the keys would not have them: `refusal` is a keys::Error.
std::string key_problem(const runtime::CertificateFiles& files, std::uint8_t refusal);

}  // namespace fermo::commands
