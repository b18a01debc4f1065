#include "maildrop/error.h"

#include <boost/system/errc.hpp>
#include <string>

#include "base/failure.h"

namespace fermo::maildrop {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "maildrop"; }

  std::string message(int code) const override {
    switch (static_cast<Error>(code)) {
      case Error::unavailable: return "the store is not available at the moment";
      case Error::out_of_space: return "the disk of the store is full";
      case Error::corrupt: return "stored data is damaged";
      case Error::no_such_message: return "no such message";
      case Error::duplicate: return "the maildrop has had a message with this unique-id";
      case Error::unknown: return "the store did not say whether it was done";
      case Error::unsupported: return "the store cannot do this";
    }
    return "store error " + std::to_string(code);
  }

  boost::system::error_condition default_error_condition(int code) const noexcept override {
    switch (static_cast<Error>(code)) {
      case Error::unavailable:
      case Error::out_of_space: return make_error_condition(Failure::temporary);
      case Error::corrupt:
      case Error::duplicate:
      case Error::unsupported: return make_error_condition(Failure::permanent);
      case Error::no_such_message: return make_error_condition(Failure::no_such_thing);
      case Error::unknown: return make_error_condition(Failure::unknown);
    }
    return make_error_condition(Failure::permanent);
  }

  using error_category::equivalent;
  /// A full disk is a temporary failure, and also what POSIX calls it: SMTP has a reply of its own for it (RFC 3463 §3.4).
  bool equivalent(int code, const boost::system::error_condition& condition) const noexcept override {
    if (condition == boost::system::errc::no_space_on_device) return static_cast<Error>(code) == Error::out_of_space;
    return default_error_condition(code) == condition;
  }
};

}  // namespace

boost::system::error_code make_error_code(Error error) noexcept {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace fermo::maildrop
