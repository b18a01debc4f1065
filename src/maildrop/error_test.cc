#include "maildrop/error.h"

#include <gtest/gtest.h>

#include <boost/system/errc.hpp>

#include "base/failure.h"

namespace fermo::maildrop {
namespace {

error_code code(Error error) {
  return error;
}

TEST(MaildropError, SaysWhetherTryingAgainHelps) {
  EXPECT_EQ(code(Error::unavailable), make_error_condition(Failure::temporary));
  EXPECT_EQ(code(Error::out_of_space), make_error_condition(Failure::temporary));
  EXPECT_EQ(code(Error::corrupt), make_error_condition(Failure::permanent));
  EXPECT_EQ(code(Error::duplicate), make_error_condition(Failure::permanent));
  EXPECT_EQ(code(Error::unsupported), make_error_condition(Failure::permanent));
  EXPECT_EQ(code(Error::no_such_message), make_error_condition(Failure::no_such_thing));
  EXPECT_EQ(code(Error::unknown), make_error_condition(Failure::unknown));
  EXPECT_NE(code(Error::out_of_space), make_error_condition(Failure::permanent));
}

TEST(MaildropError, FullDiskIsToldFromOtherTemporaryFailures) {
  const auto no_space = make_error_condition(boost::system::errc::no_space_on_device);
  EXPECT_EQ(code(Error::out_of_space), no_space);
  EXPECT_NE(code(Error::unavailable), no_space);
  EXPECT_NE(code(Error::corrupt), no_space);
}

}  // namespace
}  // namespace fermo::maildrop
