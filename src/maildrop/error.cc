#include "maildrop/error.h"

#include <boost/system/errc.hpp>

#include "base/error_category.h"

namespace fermo::maildrop {
namespace {

ErrorMeaning meaning_of(Error error) noexcept {
  switch (error) {
    case Error::unavailable:
      return {Failure::temporary, "the store is not available at the moment"};
    case Error::out_of_space:
      return {Failure::temporary, "the disk of the store is full"};
    case Error::corrupt:
      return {Failure::permanent, "stored data is damaged"};
    case Error::no_such_message:
      return {Failure::no_such_thing, "no such message"};
    case Error::duplicate:
      return {Failure::permanent, "the maildrop has had a message with this unique-id"};
    case Error::unknown:
      return {Failure::unknown, "the store did not say whether it was done"};
    case Error::unsupported:
      return {Failure::permanent, "the store cannot do this"};
  }
  return {Failure::permanent, "store error of an unknown kind"};
}

class Category final : public ErrorCategory<Error> {
 public:
  Category() : ErrorCategory("maildrop", meaning_of) {}

  using error_category::equivalent;
  /// A full disk is a temporary failure, and also what POSIX calls it: SMTP has a reply of its own for it (RFC 3463
  /// §3.4).
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
