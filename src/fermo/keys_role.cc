#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/secret.h"
#include "fermo/role_notes.h"
#include "fermo/roles.h"
#include "keys/key_ring.h"
#include "keys/key_service.h"
#include "tickets/ticket_keys.h"

namespace fermo::commands {
namespace {

/// The whole file, wherever others have read it to; what is longer than any certificate chain is cut and will not
/// parse.
std::string content_of(const Descriptor& file) {
  std::string text(limits::keys_file_octets_max, '\0');
  std::size_t octets = 0;
  while (octets < text.size()) {
    const ssize_t got = ::pread(file.get(), text.data() + octets, text.size() - octets, static_cast<off_t>(octets));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    octets += static_cast<std::size_t>(got);
  }
  text.resize(octets);
  return text;
}

class KeysRole {
 public:
  explicit KeysRole(const processes::NoteSocket& notes) : notes_(notes), ticket_keys_(limits::ticket_key_time_max) {}

  ExitCode run() {
    protection_ = confine::confine(keys_rules().paths);
    while (auto note = notes_.receive()) {
      if (static_cast<Order>(note->kind) == Order::drain) return drain();
      if (!obey(std::move(*note))) return ExitCode::configuration;
    }
    std::_Exit(0);  // nobody is left to sign for, and its threads wait for peers that may not know it yet
  }

 private:
  bool obey(processes::Note note) {
    switch (static_cast<Order>(note.kind)) {
      case Order::files:
        return add(note.descriptors);
      case Order::begin:
        confine::confine_calls(keys_rules().calls, protection_);
        return notes_.send(number_of(Answer::ready), encode(protection_));
      case Order::sockets:
        services_.emplace_back([this, sockets = std::move(note.descriptors)]() mutable {
          [[maybe_unused]] const auto served = keys::serve(ring_, ticket_keys_, std::move(sockets));
        });
        return true;
      default:
        return false;
    }
  }

  bool add(const std::vector<Descriptor>& files) {
    if (files.size() != 2) return false;
    std::string chain = content_of(files[0]);
    std::string key = content_of(files[1]);
    const auto added = ring_.add(chain, key);
    wipe(key);
    wipe(chain);  // somebody may keep both in one file
    if (added) return true;
    const char error = static_cast<char>(added.error().value());
    notes_.send(number_of(Answer::failed), {&error, 1});
    return false;
  }

  ExitCode drain() {
    for (std::thread& service : services_) service.join();
    return ExitCode::ok;
  }

  const processes::NoteSocket& notes_;
  confine::Protection protection_;
  keys::KeyRing ring_;
  tickets::TicketKeys ticket_keys_;
  std::vector<std::thread> services_;  ///< One for each time that the other side was started.
};

}  // namespace

RoleRules keys_rules() {
  namespace calls = confine::calls;
  return {"keys",
          "holds the private keys and signs",
          {},
          confine::joined({calls::basic(), calls::threads(), calls::sockets(), {"pread64"}})};
}

ExitCode run_keys(const processes::NoteSocket& notes) {
  return KeysRole(notes).run();
}

}  // namespace fermo::commands
