#pragma once

#include <string>

#include <boost/system/error_category.hpp>

#include "base/failure.h"

namespace fermo {

/// What one code of a module's errors says: to whoever asked, and to the user.
struct ErrorMeaning {
  Failure failure;
  const char* text;
};

/// The category of a module's errors, made of one function that knows what each of them means. Lives as long as the
/// process. Thread-safe.
template <class Error>
class ErrorCategory : public boost::system::error_category {
 public:
  using Meaning = ErrorMeaning (*)(Error error) noexcept;

  ErrorCategory(const char* name, Meaning meaning) : name_(name), meaning_(meaning) {}

  const char* name() const noexcept override { return name_; }
  std::string message(int code) const override { return meaning_(static_cast<Error>(code)).text; }
  boost::system::error_condition default_error_condition(int code) const noexcept override {
    return make_error_condition(meaning_(static_cast<Error>(code)).failure);
  }

 private:
  const char* const name_;
  const Meaning meaning_;
};

}  // namespace fermo
