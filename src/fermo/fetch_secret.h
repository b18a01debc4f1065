#pragma once

#include <string>

#include "base/secret.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"

namespace fermo::commands {

/// Where a password or token comes from. Never from the command line itself, which every user of the machine can see.
struct SecretSource {
  std::string file;     ///< That nobody but its owner may read or write.
  std::string command;  ///< For /bin/sh; the secret is the first line that it prints.
};

/// The first line of the file or of what the command prints; without either, what is typed on the terminal at `prompt`.
Outcome<Secret> read_secret(const SecretSource& source, const std::string& prompt, const Console& console);

}  // namespace fermo::commands
