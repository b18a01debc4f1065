#include "auth/local_directory.h"

#include <array>
#include <string>
#include <string_view>

namespace fermo::auth {
namespace {

/// The local-part up to the "+" of its extension; nothing when there is none.
std::string_view without_extension(std::string_view local_part) {
  const std::size_t plus = local_part.find('+');
  return plus == std::string_view::npos ? std::string_view() : local_part.substr(0, plus);
}

std::string joined(std::string_view local_part, std::string_view domain) {
  if (local_part.empty() || domain.empty()) return {};
  return std::string(local_part).append("@").append(domain);
}

}  // namespace

Result<std::optional<account::Account>> LocalDirectory::find(const mail::Address& recipient) {
  if (recipient.local_part.find('@') != std::string::npos) return std::optional<account::Account>();
  const auto table = file_.load();
  if (!table) return table.error();
  const std::string_view base = without_extension(recipient.local_part);
  for (const auto& candidate : {joined(recipient.local_part, recipient.domain), joined(base, recipient.domain),
                                recipient.local_part, std::string(base)}) {
    const auto name = account::canonical_name(candidate);
    if (name && (*table)->find(*name) != nullptr) return account::account_named(*name);
  }
  return std::optional<account::Account>();
}

}  // namespace fermo::auth
