#pragma once

#include <boost/system/error_condition.hpp>

namespace fermo {

/// What a failure means to whoever asked, whichever module it came from. Every error category of the project maps each
/// of its codes to one of these (`default_error_condition`), so that `code == Failure::temporary` holds; the protocols map
/// these, and nothing finer, to their replies (pop3/failure_reply.h, smtp/failure_reply.h).
enum class Failure {
  temporary = 1,  ///< Trying again later may help: disk full, too busy, a process that is being restarted.
  permanent,      ///< Trying again will not help: damaged data, a request that can never be fulfilled.
  in_use,         ///< The maildrop is held by another session.
  no_such_thing,  ///< What was named does not exist.
  unknown,        ///< It may or may not have been done; nobody may be told that it was.
};

const boost::system::error_category& failure_category() noexcept;
boost::system::error_condition make_error_condition(Failure failure) noexcept;

}  // namespace fermo

template <>
struct boost::system::is_error_condition_enum<fermo::Failure> : std::true_type {};
