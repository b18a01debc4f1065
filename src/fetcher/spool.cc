#include "fetcher/spool.h"

#include <fcntl.h>
#include <stdlib.h>  // mkostemp
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "fetch/error.h"
#include "fetcher/file_ops.h"

namespace fermo::fetcher {

Result<Descriptor> make_temporary_file() {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / "fermo-spool-XXXXXX").string();
  if (error) return fetch::Error::unavailable;
  Descriptor file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file || ::unlink(path.c_str()) != 0) return fetch::from_errno(errno);
  return file;
}

Result<Spool> Spool::make() {
  auto file = make_temporary_file();
  if (!file) return file.error();
  return Spool(std::move(*file));
}

Result<void> Spool::add(std::string_view octets) {
  buffer_.append(octets);
  return flush_if_full();
}

Result<void> Spool::flush_if_full() {
  return buffer_.size() < limits::message_piece_octets_max ? Result<void>() : flush();
}

Result<void> Spool::flush() {
  if (buffer_.empty()) return {};
  std::string_view left = buffer_;
  std::uint64_t at = written_;
  while (!left.empty()) {
    const ssize_t written = ::pwrite(file_.get(), left.data(), left.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fetch::from_errno(errno);
    left.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  blocks_.push_back({written_, buffer_.size(), crc32c(buffer_)});
  written_ = at;
  buffer_.clear();
  return {};
}

/// What stays of a block that is cut goes back to the buffer, to be written with what follows it.
Result<void> Spool::cut(std::uint64_t octets) {
  FERMO_CHECK(octets <= this->octets());
  if (octets >= written_) {
    buffer_.resize(octets - written_);
    return {};
  }
  const std::size_t number = block_with(octets);
  const std::uint64_t begin = blocks_[number].begin;
  std::string stays;
  if (octets > begin) {
    if (auto loaded = load(number); !loaded) return loaded;
    stays = content_.substr(0, octets - begin);
  }
  buffer_ = std::move(stays);
  blocks_.resize(number);
  loaded_.reset();
  written_ = begin;
  if (::ftruncate(file_.get(), static_cast<off_t>(begin)) != 0) return fetch::from_errno(errno);
  return {};
}

Result<std::string> Spool::read(std::uint64_t at, std::size_t octets_max) {
  std::string found;
  while (found.size() < octets_max && at < written_) {
    const std::size_t number = block_with(at);
    if (auto loaded = load(number); !loaded) return loaded.error();
    const std::string_view some =
        std::string_view(content_).substr(at - blocks_[number].begin, octets_max - found.size());
    found += some;
    at += some.size();
  }
  return found;
}

Result<void> Spool::verify() {
  loaded_.reset();
  for (std::size_t number = 0; number < blocks_.size(); ++number) {
    if (auto loaded = load(number); !loaded) return loaded;
  }
  return {};
}

/// The number of the block that holds the octet at `at`, which has been written.
std::size_t Spool::block_with(std::uint64_t at) const {
  const auto after = std::ranges::upper_bound(blocks_, at, {}, &Block::begin);
  return static_cast<std::size_t>(after - blocks_.begin()) - 1;
}

Result<void> Spool::load(std::size_t number) {
  if (loaded_ == number) return {};
  loaded_.reset();
  const Block& block = blocks_[number];
  auto read = read_at(file_.get(), block.begin, block.octets);
  if (!read) return read.error();
  if (read->size() != block.octets || crc32c(*read) != block.checksum) return fetch::Error::spool_damaged;
  content_ = std::move(*read);
  loaded_ = number;
  return {};
}

}  // namespace fermo::fetcher
