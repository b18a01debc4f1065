#include "fermo/fetch_maildrop.h"

#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "auth/local_directory.h"
#include "auth/password_file.h"
#include "fermo/addressee.h"
#include "fermo/data_folder.h"
#include "fermo/store_access.h"
#include "fetcher/maildrop_target.h"

namespace fermo::commands {
namespace {

/// The store with what it complains to.
class Reached {
 public:
  Result<void> open(const config::Config& config, std::string& why) {
    auto opened = StoreAccess::open(config, console_);
    if (opened) {
      access_.emplace(std::move(*opened));
      return {};
    }
    why = words();
    switch (opened.error()) {
      case ExitCode::no_permission:
      case ExitCode::no_input:
      case ExitCode::configuration:
      case ExitCode::cannot_create:
        return fetch::Error::misused;
      case ExitCode::io_error:
        return fetch::Error::unavailable;
      default:
        return fetch::Error::unreachable;
    }
  }
  maildrop::Store& store() { return **access_; }

 private:
  /// What was complained of last, without the name of the program.
  std::string words() const {
    constexpr std::string_view program = "fermo: ";
    std::string text = err_.str();
    while (text.ends_with('\n')) text.pop_back();
    text.erase(0, text.rfind('\n') + 1);
    if (text.starts_with(program)) text.erase(0, program.size());
    return text;
  }

  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  NoTerminal nobody_;
  Console console_{in_, out_, err_, nobody_};
  std::optional<StoreAccess> access_;
};

}  // namespace

Outcome<std::unique_ptr<fetch::Target>> open_maildrop_target(const std::string& name, const CommonOptions& places,
                                                             const Clock& clock, const Console& console) {
  const auto config = load_config(places, console);
  if (!config) return config.error();
  if (const auto there = require_data_folder(config->data, console); !there) return there.error();
  if (const auto allowed = refuse_root_in_foreign(config->data, "fetch", console); !allowed) return allowed.error();
  auth::PasswordFile users(config->users);
  auth::LocalDirectory directory(users);
  const auto addressee = find_addressee(directory, name, console);
  if (!addressee) return addressee.error();
  fetcher::MaildropTarget::Options options{Octets{config->message_octets_max}, store_path(config->data)};
  const auto reach = [config = *config](std::string& why) -> Result<std::shared_ptr<maildrop::Store>> {
    auto reached = std::make_shared<Reached>();
    if (auto opened = reached->open(config, why); !opened) return opened.error();
    return std::shared_ptr<maildrop::Store>(reached, &reached->store());
  };
  // Whether the store can be had is better said before a message is fetched than after.
  if (const auto store = StoreAccess::open(*config, console); !store) return store.error();
  auto target = fetcher::MaildropTarget::open(addressee->account.drop, reach, std::move(options), clock);
  if (target) return std::unique_ptr<fetch::Target>(std::move(*target));
  console.complain("cannot begin to deliver: " + target.error().message());
  return ExitCode::io_error;
}

}  // namespace fermo::commands
