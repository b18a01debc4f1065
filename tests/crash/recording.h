#pragma once

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace fermo::crash {

/// What a file system of a test noted, in its order. One thread.
class Recording {
 public:
  /// The file to read how much there is from.
  static constexpr std::string_view position_name = "/position";

  bool open(const char* path) {
    file_ = ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    return file_ >= 0;
  }

  template <class Header>
  bool add(Header header, std::string_view name, std::string_view octets) {
    const std::array parts{iovec{&header, sizeof header}, iovec{const_cast<char*>(name.data()), name.size()},
                           iovec{const_cast<char*>(octets.data()), octets.size()}};
    const auto wanted = static_cast<ssize_t>(sizeof header + name.size() + octets.size());
    if (::writev(file_, parts.data(), static_cast<int>(parts.size())) != wanted) return false;
    ++position_;
    return true;
  }

  /// As read(2) of the file `position` answers.
  int read_position(char* into, std::size_t octets_max, std::size_t offset) const {
    const std::string text = std::to_string(position_) + "\n";
    return static_cast<int>(text.copy(into, octets_max, std::min(offset, text.size())));
  }

 private:
  int file_ = -1;
  std::uint64_t position_ = 0;
};

/// Tells whoever started it that the files are there.
inline void say_ready() {
  std::puts("ready");
  std::fflush(stdout);
}

}  // namespace fermo::crash
