#include "pop3/failure_reply.h"

#include <gtest/gtest.h>

#include <boost/system/errc.hpp>

#include "base/failure.h"

namespace fermo::pop3 {
namespace {

error_code code_of(Failure failure) {
  return {static_cast<int>(failure), failure_category()};
}

/// A module's own category, mapped as maildrop's is.
class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "test"; }
  std::string message(int) const override { return "secret detail"; }
  boost::system::error_condition default_error_condition(int code) const noexcept override {
    return make_error_condition(static_cast<Failure>(code));
  }
};

TEST(FailureReply, HasOneResponseCodeForEachFailure) {
  EXPECT_EQ(response_code_for(code_of(Failure::temporary)), "SYS/TEMP");
  EXPECT_EQ(response_code_for(code_of(Failure::permanent)), "SYS/PERM");
  EXPECT_EQ(response_code_for(code_of(Failure::in_use)), "IN-USE");
  EXPECT_EQ(response_code_for(code_of(Failure::no_such_thing)), "");
  EXPECT_EQ(response_code_for(code_of(Failure::unknown)), "SYS/TEMP");
}

TEST(FailureReply, FollowsTheMappingOfAnyModule) {
  static const Category category;
  EXPECT_EQ(response_code_for({static_cast<int>(Failure::permanent), category}), "SYS/PERM");
  EXPECT_EQ(response_code_for({static_cast<int>(Failure::in_use), category}), "IN-USE");
}

TEST(FailureReply, TakesAnUnmappedErrorForATemporaryOne) {
  EXPECT_EQ(response_code_for(make_error_code(boost::system::errc::io_error)), "SYS/TEMP");
}

TEST(FailureReply, TellsNothingOfTheErrorItself) {
  static const Category category;
  EXPECT_EQ(failure_reply({static_cast<int>(Failure::temporary), category}, "Not now"), "-ERR [SYS/TEMP] Not now\r\n");
  EXPECT_EQ(failure_reply(code_of(Failure::no_such_thing), "No such message"), "-ERR No such message\r\n");
}

}  // namespace
}  // namespace fermo::pop3
