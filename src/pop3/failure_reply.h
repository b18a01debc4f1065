#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace fermo::pop3 {

/// The response code that tells a client what to do about a failure: try again, ask a human, or nothing special
/// (empty). A failure that no module has mapped counts as temporary.
std::string_view response_code_for(const error_code& error);

/// "-ERR", that response code, and `what` did not work. Nothing of the error's own text, which is for the log.
std::string failure_reply(const error_code& error, std::string_view what);

}  // namespace fermo::pop3
