#include "base/failure.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/result.h"

namespace fermo {
namespace {

constexpr Failure every_failure[] = {Failure::temporary, Failure::permanent, Failure::in_use, Failure::no_such_thing,
                                     Failure::unknown};

enum class DoorError { jammed = 1, walled_up };

class DoorCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "door"; }
  std::string message(int) const override { return "the door does not open"; }
  boost::system::error_condition default_error_condition(int code) const noexcept override {
    return make_error_condition(code == static_cast<int>(DoorError::jammed) ? Failure::temporary : Failure::permanent);
  }
};

error_code make_error_code(DoorError error) {
  static const DoorCategory category;
  return {static_cast<int>(error), category};
}

TEST(Failure, IsWhatACodeOfAModuleMeans) {
  EXPECT_TRUE(make_error_code(DoorError::jammed) == Failure::temporary);
  EXPECT_FALSE(make_error_code(DoorError::jammed) == Failure::permanent);
  EXPECT_TRUE(make_error_code(DoorError::walled_up) == Failure::permanent);
}

TEST(Failure, IsNeverSuccessNorACodeOfAnotherMeaning) {
  for (const Failure failure : every_failure) {
    EXPECT_FALSE(error_code() == failure);
    EXPECT_NE(static_cast<int>(failure), 0);
    for (const Failure other : every_failure) {
      EXPECT_EQ(make_error_condition(failure) == make_error_condition(other), failure == other);
    }
  }
}

TEST(Failure, HasAMessageOfItsOwn) {
  std::set<std::string> messages;
  for (const Failure failure : every_failure) messages.insert(make_error_condition(failure).message());
  EXPECT_EQ(messages.size(), std::size(every_failure));
  EXPECT_STREQ(failure_category().name(), "fermo");
}

TEST(Failure, ComesOutOfAResult) {
  const Result<int> failed = make_error_code(DoorError::jammed);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error() == Failure::temporary);
  EXPECT_EQ(Result<int>(7).value(), 7);
}

}  // namespace
}  // namespace fermo
