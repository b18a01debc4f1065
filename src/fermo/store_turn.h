#pragma once

#include <filesystem>
#include <utility>

#include "fermo/console.h"
#include "fermo/exit_code.h"

namespace fermo::commands {

/// The right to find out who has the store, and to change that: a lock on a file in the data folder, free again when
/// this is destroyed or the process ends. A command keeps it while it has the store open itself. A server keeps it
/// until its control socket is open, and takes it again before that goes. So whoever has it either reaches a server or
/// can open the store.
class StoreTurn {
 public:
  /// Waits until it is free; a person at the terminal is told when that is not at once. What is wrong is printed.
  static Outcome<StoreTurn> take(const std::filesystem::path& data, const Console& console);

  StoreTurn(StoreTurn&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  StoreTurn& operator=(StoreTurn&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~StoreTurn();

 private:
  explicit StoreTurn(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace fermo::commands
