#include "fetcher/zstd_stream.h"

#include <zstd.h>

#include <new>

#include "base/check.h"

namespace fermo::fetcher {
namespace {

/// The library's default: faster than any network, and mail shrinks to a third.
constexpr int level = 3;

}  // namespace

void ZstdStream::Free::operator()(ZSTD_CCtx_s* context) const noexcept {
  ZSTD_freeCCtx(context);
}

ZstdStream::ZstdStream() : context_(ZSTD_createCCtx()) {
  if (!context_) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

void ZstdStream::begin() {
  ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);
}

void ZstdStream::compress(std::string_view text, std::string& out) {
  while (!text.empty()) step(text, false, out);
}

void ZstdStream::finish(std::string& out) {
  std::string_view nothing;
  while (!step(nothing, true, out)) {
  }
}

/// Whether everything has come out; asked for only when it is the last.
bool ZstdStream::step(std::string_view& text, bool last, std::string& out) {
  const std::size_t before = out.size();
  const std::size_t room = ZSTD_CStreamOutSize();
  out.resize(before + room);
  ZSTD_inBuffer input{text.data(), text.size(), 0};
  ZSTD_outBuffer output{out.data() + before, room, 0};
  const std::size_t left = ZSTD_compressStream2(context_.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
  FERMO_CHECK(ZSTD_isError(left) == 0);
  out.resize(before + output.pos);
  text.remove_prefix(input.pos);
  return left == 0;
}

}  // namespace fermo::fetcher
