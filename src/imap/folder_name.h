#pragma once

#include <string>
#include <string_view>

namespace fermo::imap {

/// A folder's name as it stands on the wire: in modified UTF-7 (RFC 3501 §5.1.3). `name` must be UTF-8.
std::string to_modified_utf7(std::string_view name);

}  // namespace fermo::imap
