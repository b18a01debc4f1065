#include "fetch/error.h"

#include <cerrno>
#include <string>

#include "base/error_category.h"

namespace fermo::fetch {
namespace {

ErrorMeaning meaning_of(Error error) noexcept {
  switch (error) {
    case Error::unavailable:
      return {Failure::temporary, "it cannot be read or written at the moment"};
    case Error::out_of_space:
      return {Failure::temporary, "the disk is full or the quota is reached"};
    case Error::in_use:
      return {Failure::in_use, "another process is using it"};
    case Error::corrupt:
      return {Failure::permanent, "what is stored is damaged"};
    case Error::not_ours:
      return {Failure::permanent, "it is there, but it is something else"};
    case Error::newer_version:
      return {Failure::permanent, "it was written by a newer version of this program"};
    case Error::no_such_record:
      return {Failure::no_such_thing, "the ledger does not know this message"};
    case Error::conflict:
      return {Failure::permanent, "the ledger knows another message under this name"};
    case Error::not_delivered:
      return {Failure::permanent, "the ledger does not know that this message was delivered, so it may not be deleted"};
    case Error::refused:
      return {Failure::permanent, "the message was refused for good"};
    case Error::deferred:
      return {Failure::temporary, "the message was refused for now"};
    case Error::unreachable:
      return {Failure::temporary, "the place that it goes to takes nothing at the moment"};
    case Error::misused:
      return {Failure::permanent, "the target is not set up rightly"};
    case Error::spool_damaged:
      return {Failure::temporary,
              "what was kept of it in a temporary file has changed there; check that disk, or name another folder by "
              "TMPDIR"};
  }
  return {Failure::permanent, "fetch error of an unknown kind"};
}

}  // namespace

boost::system::error_code make_error_code(Error error) noexcept {
  static const ErrorCategory category("fetch", meaning_of);
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
