#include "smtp/failure_reply.h"

#include <gtest/gtest.h>

#include <boost/system/errc.hpp>
#include <string>

#include "base/failure.h"

namespace fermo::smtp {
namespace {

/// An error of some module below, whose category maps it to a Failure.
class ModuleCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "module"; }
  std::string message(int) const override { return "module error"; }
  boost::system::error_condition default_error_condition(int code) const noexcept override {
    return make_error_condition(static_cast<Failure>(code));
  }
};

std::string said_of(const error_code& error) {
  const Reply reply = failure_reply(error);
  return std::to_string(reply.code) + " " + std::string(reply.status);
}

std::string said_of(Failure failure) {
  static const ModuleCategory category;
  return said_of(error_code(static_cast<int>(failure), category));
}

TEST(FailureReply, SaysWhetherTryingAgainHelps) {
  EXPECT_EQ(said_of(Failure::temporary), "451 4.3.0");
  EXPECT_EQ(said_of(Failure::permanent), "554 5.3.0");
  EXPECT_EQ(said_of(Failure::in_use), "450 4.2.0");
}

TEST(FailureReply, KeepsTheMessageAtThePeerWhenTheOutcomeIsNotKnown) {
  EXPECT_EQ(said_of(Failure::unknown), "451 4.3.0");
}

TEST(FailureReply, DoesNotBounceToAllForOneMaildropThatVanished) {
  EXPECT_EQ(said_of(Failure::no_such_thing), "451 4.3.0");
}

TEST(FailureReply, NamesAFullDisk) {
  EXPECT_EQ(said_of(make_error_code(boost::system::errc::no_space_on_device)), "452 4.3.1");
  EXPECT_EQ(said_of(error_code(ENOSPC, boost::system::system_category())), "452 4.3.1");
}

TEST(FailureReply, DoesNotBounceForWhatNobodyHasClassified) {
  EXPECT_EQ(said_of(error_code(EIO, boost::system::system_category())), "451 4.3.0");
}

}  // namespace
}  // namespace fermo::smtp
