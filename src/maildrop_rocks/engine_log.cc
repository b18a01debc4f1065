#include "maildrop_rocks/engine_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <utility>

#include <rocksdb/env.h>

#include "base/descriptor.h"

namespace fermo::rocks {
namespace {

constexpr off_t octets_max = off_t{4} << 20;

/// One that has grown large is put aside first, where it takes the place of the one before it.
Descriptor open_file(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "LOG";
  struct ::stat status{};
  if (::stat(path.c_str(), &status) == 0 && status.st_size > octets_max) {
    ::rename(path.c_str(), (folder / "LOG.old").c_str());
  }
  return Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
}

class EngineLog final : public rocksdb::Logger {
 public:
  explicit EngineLog(Descriptor file) : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), file_(std::move(file)) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (!file_) return;
    std::array<char, 1024> line{};
    const std::time_t now = std::time(nullptr);
    std::tm time{};
    ::gmtime_r(&now, &time);
    std::size_t octets = std::strftime(line.data(), line.size(), "%FT%TZ ", &time);
    const std::size_t room = line.size() - octets;
    const int wanted = std::vsnprintf(line.data() + octets, room, format, arguments);
    octets += std::min(static_cast<std::size_t>(std::max(wanted, 0)), room - 1);
    line[std::min(octets, line.size() - 1)] = '\n';
    [[maybe_unused]] const ssize_t written = ::write(file_.get(), line.data(), std::min(octets + 1, line.size()));
  }

 private:
  const Descriptor file_;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> engine_log(const std::filesystem::path& folder) {
  return std::make_shared<EngineLog>(open_file(folder));
}

std::shared_ptr<rocksdb::Logger> no_engine_log() {
  return std::make_shared<EngineLog>(Descriptor());
}

}  // namespace fermo::rocks
