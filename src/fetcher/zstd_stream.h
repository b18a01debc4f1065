#pragma once

#include <memory>
#include <string>
#include <string_view>

struct ZSTD_CCtx_s;

namespace fermo::fetcher {

/// Compresses one text after the other into a zstd frame of its own each, with a checksum. Not thread-safe.
class ZstdStream {
 public:
  /// Throws std::bad_alloc.
  ZstdStream();

  /// Appends to `out` what has come together. An earlier text that was not finished is forgotten after begin().
  void begin();
  void compress(std::string_view text, std::string& out);
  void finish(std::string& out);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };
  bool step(std::string_view& text, bool last, std::string& out);

  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

}  // namespace fermo::fetcher
