#include "base/failure.h"

#include <string>

namespace fermo {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "fermo"; }
  std::string message(int code) const override {
    switch (static_cast<Failure>(code)) {
      case Failure::temporary: return "temporary failure";
      case Failure::permanent: return "permanent failure";
      case Failure::in_use: return "in use";
      case Failure::no_such_thing: return "no such thing";
      case Failure::unknown: return "outcome unknown";
    }
    return "failure";
  }
};

}  // namespace

const boost::system::error_category& failure_category() noexcept {
  static const Category category;
  return category;
}

boost::system::error_condition make_error_condition(Failure failure) noexcept {
  return {static_cast<int>(failure), failure_category()};
}

}  // namespace fermo
