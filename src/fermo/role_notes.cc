#include "fermo/role_notes.h"

#include "base/limits.h"
#include "base/wire_fields.h"

namespace fermo::commands {
namespace {

/// More than there are reasons.
constexpr std::size_t missing_max = 16;

}  // namespace

std::string encode(const confine::Protection& protection) {
  FieldWriter out;
  out.number(static_cast<std::uint8_t>(protection.privileges));
  out.number(static_cast<std::uint8_t>(protection.filter));
  out.number(static_cast<std::uint32_t>(protection.landlock_abi));
  out.number(static_cast<std::uint32_t>(protection.missing.size()));
  for (const std::string& sentence : protection.missing) out.octets(sentence);
  return out.take();
}

std::optional<confine::Protection> decode_protection(std::string_view payload) {
  FieldReader in(payload);
  confine::Protection protection;
  protection.privileges = in.number<std::uint8_t>() == 1;
  protection.filter = in.number<std::uint8_t>() == 1;
  protection.landlock_abi = static_cast<int>(in.number<std::uint32_t>());
  for (std::size_t left = in.count(missing_max); left > 0; --left) {
    protection.missing.emplace_back(in.octets(limits::note_octets_max));
  }
  if (!in.whole()) return std::nullopt;
  return protection;
}

}  // namespace fermo::commands
