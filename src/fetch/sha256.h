#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace fermo::fetch {

/// SHA-256 over what is given piece by piece. Not thread-safe.
class Sha256 {
 public:
  Sha256();

  void update(std::string_view octets);
  /// Adds the length before the text, so that no two lists of texts hash alike.
  void update_counted(std::string_view text);
  /// The first `digits` (at most 64) lower-case hexadecimal digits of the digest. Call once, at the end.
  std::string hexadecimal(std::size_t digits);

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace fermo::fetch
