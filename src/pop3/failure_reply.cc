#include "pop3/failure_reply.h"

#include <array>

#include "base/failure.h"
#include "pop3/reply.h"

namespace fermo::pop3 {
namespace {

struct Row {
  Failure failure;
  std::string_view response_code;
};

constexpr std::string_view sys_temp = "SYS/TEMP";

constexpr std::array rows = {
    Row{Failure::temporary, sys_temp},    // RFC 3206 §4
    Row{Failure::permanent, "SYS/PERM"},  // RFC 3206 §4
    Row{Failure::in_use, "IN-USE"},       // RFC 2449 §8.1.2
    Row{Failure::no_such_thing, ""},      // What the client named is not there: nothing is wrong with the system.
    Row{Failure::unknown, sys_temp},      // Asking again shows what came of it.
};

}  // namespace

std::string_view response_code_for(const error_code& error) {
  for (const Row& row : rows) {
    if (error == make_error_condition(row.failure)) return row.response_code;
  }
  return sys_temp;
}

std::string failure_reply(const error_code& error, std::string_view what) {
  return err(response_code_for(error), what);
}

}  // namespace fermo::pop3
