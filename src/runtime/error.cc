#include "runtime/error.h"

#include <array>
#include <string>

#include <openssl/err.h>

#include "base/failure.h"

namespace fermo::runtime {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "runtime"; }

  std::string message(int code) const override {
    switch (static_cast<Error>(code)) {
      case Error::queue_full:
        return "too much work is waiting already";
      case Error::job_failed:
        return "the work ended unexpectedly";
      case Error::cancelled:
        return "cancelled";
      case Error::interrupted:
        return "interrupted";
      case Error::truncated:
        return "the peer closed the connection without a TLS close_notify";
    }
    return "runtime error " + std::to_string(code);
  }

  boost::system::error_condition default_error_condition(int code) const noexcept override {
    const bool may_be_done = static_cast<Error>(code) == Error::job_failed;
    return make_error_condition(may_be_done ? Failure::unknown : Failure::temporary);
  }
};

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
  static const Category category;
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
