#include "runtime/error.h"

#include <array>
#include <string>

#include <openssl/err.h>

#include "base/error_category.h"

namespace fermo::runtime {
namespace {

ErrorMeaning meaning_of(Error error) noexcept {
  switch (error) {
    case Error::queue_full:
      return {Failure::temporary, "too much work is waiting already"};
    case Error::job_failed:
      return {Failure::unknown, "the work ended unexpectedly"};
    case Error::cancelled:
      return {Failure::temporary, "cancelled"};
    case Error::interrupted:
      return {Failure::temporary, "interrupted"};
    case Error::truncated:
      return {Failure::temporary, "the peer closed the connection without a TLS close_notify"};
  }
  return {Failure::temporary, "runtime error of an unknown kind"};
}

/// Codes are OpenSSL's packed ones, which fill 31 bits.
class OpensslCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "openssl"; }

  std::string message(int code) const override {
    const auto packed = static_cast<unsigned long>(code);
    if (const char* reason = ERR_reason_error_string(packed); reason != nullptr) return reason;
    std::array<char, 256> text{};
    ERR_error_string_n(packed, text.data(), text.size());
    return text.data();
  }

  boost::system::error_condition default_error_condition(int) const noexcept override {
    return make_error_condition(Failure::temporary);
  }
};

}  // namespace

boost::system::error_code make_error_code(Error error) noexcept {
  static const ErrorCategory category("runtime", meaning_of);
  return {static_cast<int>(error), category};
}

boost::system::error_code take_openssl_error(boost::system::error_code fallback) {
  static const OpensslCategory category;
  const unsigned long packed = ERR_get_error();
  ERR_clear_error();
  if (packed == 0) return fallback;
  if (ERR_SYSTEM_ERROR(packed)) return {ERR_GET_REASON(packed), boost::system::system_category()};
  return {static_cast<int>(packed), category};
}

}  // namespace fermo::runtime
