#include "fetch/error.h"

#include <cerrno>
#include <string>

#include "base/failure.h"

namespace fermo::fetch {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "fetch"; }

  std::string message(int code) const override {
    switch (static_cast<Error>(code)) {
      case Error::unavailable:
        return "it cannot be read or written at the moment";
      case Error::out_of_space:
        return "the disk is full or the quota is reached";
      case Error::in_use:
        return "another process is using it";
      case Error::corrupt:
        return "what is stored is damaged";
      case Error::not_ours:
        return "it is there, but it is something else";
      case Error::newer_version:
        return "it was written by a newer version of this program";
      case Error::no_such_record:
        return "the ledger does not know this message";
      case Error::conflict:
        return "the ledger knows another message under this name";
      case Error::not_delivered:
        return "the ledger does not know that this message was delivered, so it may not be deleted";
      case Error::refused:
        return "the message was refused for good";
      case Error::deferred:
        return "the message was refused for now";
      case Error::misused:
        return "the target is not set up rightly";
    }
    return "fetch error " + std::to_string(code);
  }

  boost::system::error_condition default_error_condition(int code) const noexcept override {
    switch (static_cast<Error>(code)) {
      case Error::unavailable:
      case Error::out_of_space:
      case Error::deferred:
        return make_error_condition(Failure::temporary);
      case Error::in_use:
        return make_error_condition(Failure::in_use);
      case Error::no_such_record:
        return make_error_condition(Failure::no_such_thing);
      case Error::corrupt:
      case Error::not_ours:
      case Error::newer_version:
      case Error::conflict:
      case Error::not_delivered:
      case Error::refused:
      case Error::misused:
        return make_error_condition(Failure::permanent);
    }
    return make_error_condition(Failure::permanent);
  }
};

}  // namespace

boost::system::error_code make_error_code(Error error) noexcept {
  static const Category category;
  return {static_cast<int>(error), category};
}

Error from_errno(int code) noexcept {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Error::out_of_space;
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return Error::misused;
    case EAGAIN:
    case EBUSY:
    case ETXTBSY:
      return Error::in_use;
    default:
      return Error::unavailable;
  }
}

}  // namespace fermo::fetch
