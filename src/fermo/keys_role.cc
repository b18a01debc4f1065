#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/secret.h"
#include "fermo/role_notes.h"
#include "fermo/role_sockets.h"
#include "fermo/roles.h"
#include "keys/key_ring.h"
#include "keys/key_service.h"
#include "tickets/ticket_keys.h"

namespace fermo::commands {
namespace {

class KeysRole {
 public:
  explicit KeysRole(const processes::NoteSocket& notes) : notes_(notes), ticket_keys_(limits::ticket_key_time_max) {}

  ExitCode run() {
    protection_ = confine::confine(keys_rules().paths);
    while (auto note = notes_.receive()) {
      if (static_cast<Order>(note->kind) == Order::drain) {
        sockets_.join();
        break;
      }
      if (!obey(std::move(*note))) return ExitCode::configuration;
    }
    return sockets_.problem() ? ExitCode::software : ExitCode::ok;
  }

 private:
  bool obey(processes::Note note) {
    switch (static_cast<Order>(note.kind)) {
      case Order::files:
        return add(note.descriptors);
      case Order::begin:
        confine::confine_calls(keys_rules().calls, protection_, keys_rules().refused);
        return notes_.send(number_of(Answer::ready), encode(protection_));
      case Order::sockets:
        sockets_.add(std::move(note.descriptors),
                     [this](std::vector<Descriptor> sockets) { keys::serve(ring_, ticket_keys_, std::move(sockets)); });
        return true;
      default:
        return false;
    }
  }

  bool add(const std::vector<Descriptor>& files) {
    if (files.size() != 2) return false;
    std::string chain = content_of(files[0], limits::keys_file_octets_max).value_or("");
    std::string key = content_of(files[1], limits::keys_file_octets_max).value_or("");
    const auto added = ring_.add(chain, key);
    wipe(key);
    wipe(chain);  // somebody may keep both in one file
    if (added) return true;
    notes_.send(number_of(Answer::failed), encode(Refusal{static_cast<std::uint8_t>(added.error().value())}));
    return false;
  }

  const processes::NoteSocket& notes_;
  confine::Protection protection_;
  keys::KeyRing ring_;
  tickets::TicketKeys ticket_keys_;
  RoleSockets sockets_{notes_};
};

}  // namespace

RoleRules keys_rules() {
  namespace calls = confine::calls;
  return {"keys",
          "holds the private keys and signs",
          {},
          confine::joined({calls::basic(), calls::threads(), calls::sockets(), {"pread64"}}),
          calls::tries_of_libraries()};
}

ExitCode run_keys(const processes::NoteSocket& notes) {
  return KeysRole(notes).run();
}

}  // namespace fermo::commands
