// Any octets as a request about a login or a recipient, and as a reply to one. What can be decoded must encode to the
// very same octets.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "auth_ipc/wire.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fermo::auth_ipc;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto request = decode_request(input)) FERMO_CHECK(encode(*request) == input);
  if (const auto reply = decode_reply(input)) FERMO_CHECK(encode(*reply) == input);
  return 0;
}
