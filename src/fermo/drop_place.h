#pragma once

#include <memory>
#include <string>

#include "base/ids.h"
#include "config/config.h"
#include "fermo/common_options.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fermo/store_access.h"
#include "maildrop/maildrop.h"

/// How the commands that look into maildrops get there. What is wrong is printed.
namespace fermo::commands {

/// The configuration, and the store that it leads to.
struct Place {
  config::Config config;
  StoreAccess store;
};

Outcome<Place> go_to(const CommonOptions& options, const Console& console);

/// The maildrop of that user, who may be gone while the mail is still there.
struct Held {
  DropId drop;
  std::unique_ptr<maildrop::Snapshot> snapshot;
};

/// Opens the maildrop of the user who was `given`.
Outcome<Held> hold(const Place& place, const std::string& given, const Console& console);

}  // namespace fermo::commands
