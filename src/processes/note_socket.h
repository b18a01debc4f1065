#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace fermo::processes {

/// What a process and the one that started it say to each other: a kind, a little text, and descriptors that change
/// hands.
struct Note {
  std::uint8_t kind = 0;
  std::string payload = {};                  ///< At most `limits::note_octets_max`.
  std::vector<Descriptor> descriptors = {};  ///< At most `limits::note_descriptors_max`.
};

/// One end of the pair of sockets between the two. A note arrives whole or not at all. One thread may send while
/// another receives.
class NoteSocket {
 public:
  explicit NoteSocket(Descriptor socket) : socket_(std::move(socket)) {}

  /// Waits for memory. False: the other side is gone; it has got nothing. `descriptors` stay the caller's.
  bool send(std::uint8_t kind, std::string_view payload = {}, const std::vector<Descriptor>& descriptors = {}) const;
  /// Waits for a note. Nothing: the other side is gone, or has said what is no note.
  std::optional<Note> receive() const;
  /// Waits for so long; whether receive() would not wait now.
  bool has_something(std::chrono::milliseconds time_max) const;

  int get() const { return socket_.get(); }
  /// Wakes whoever waits in receive().
  void shutdown() const;
  /// The other side receives no more; what it says still comes.
  void end() const;

 private:
  Descriptor socket_;
};

struct SocketPair {
  Descriptor first;
  Descriptor second;
};

/// A way to whoever takes notes at the socket `path`. Errors: the system's.
Result<NoteSocket> connect_notes(const std::filesystem::path& path);

/// Two ends for notes (`stream` false), or for octets. Errors: the system's.
Result<SocketPair> make_pair(bool stream);

}  // namespace fermo::processes
