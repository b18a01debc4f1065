#include "smtp/failure_reply.h"

#include <array>
#include <boost/system/errc.hpp>
#include <boost/system/error_condition.hpp>

#include "base/failure.h"

namespace fermo::smtp {
namespace {

struct Row {
  boost::system::error_condition failure;
  Reply reply;
};

constexpr Reply local_error{451, "4.3.0", "local error, try again later"};

}  // namespace

Reply failure_reply(const error_code& error) {
  // The first row that fits. RFC 3463 §3.4: X.3.1 is "mail system full".
  static const std::array<Row, 6> table{{
      {make_error_condition(boost::system::errc::no_space_on_device), {452, "4.3.1", "no space left, try again later"}},
      {make_error_condition(Failure::temporary), local_error},
      {make_error_condition(Failure::permanent), {554, "5.3.0", "local error that trying again will not mend"}},
      {make_error_condition(Failure::in_use), {450, "4.2.0", "the maildrop is in use, try again later"}},
      // A maildrop that vanished after RCPT: the next attempt learns at RCPT whose it was, and the others lose nothing.
      {make_error_condition(Failure::no_such_thing), local_error},
      // RFC 1047: a message may come twice, but nobody is told that it is safe when it may not be.
      {make_error_condition(Failure::unknown), {451, "4.3.0", "outcome not known, try again later"}},
  }};
  for (const Row& row : table) {
    if (error == row.failure) return row.reply;
  }
  return local_error;
}

}  // namespace fermo::smtp
