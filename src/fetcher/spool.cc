#include "fetcher/spool.h"

#include <fcntl.h>
#include <stdlib.h>  // mkostemp
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/check.h"
#include "base/limits.h"
#include "fetch/error.h"
#include "fetcher/file_ops.h"

namespace fermo::fetcher {

Result<Spool> Spool::make() {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / "fermo-spool-XXXXXX").string();
  if (error) return fetch::Error::unavailable;
  Descriptor file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file || ::unlink(path.c_str()) != 0) return fetch::from_errno(errno);
  return Spool(std::move(file));
}

Result<void> Spool::add(std::string_view octets) {
  buffer_.append(octets);
  return flush_if_full();
}

Result<void> Spool::flush_if_full() {
  return buffer_.size() < limits::message_piece_octets_max ? Result<void>() : flush();
}

Result<void> Spool::flush() {
  std::string_view left = buffer_;
  std::uint64_t at = written_;
  while (!left.empty()) {
    const ssize_t written = ::pwrite(file_.get(), left.data(), left.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fetch::from_errno(errno);
    left.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  written_ = at;
  buffer_.clear();
  return {};
}

Result<void> Spool::cut(std::uint64_t octets) {
  FERMO_CHECK(octets <= this->octets());
  if (octets >= written_) {
    buffer_.resize(octets - written_);
    return {};
  }
  buffer_.clear();
  written_ = octets;
  if (::ftruncate(file_.get(), static_cast<off_t>(octets)) != 0) return fetch::from_errno(errno);
  return {};
}

Result<std::string> Spool::read(std::uint64_t at, std::size_t octets_max) const {
  return read_at(file_.get(), at, octets_max);
}

}  // namespace fermo::fetcher
