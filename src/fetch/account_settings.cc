#include "fetch/account_settings.h"

namespace fermo::fetch {

std::uint16_t port_of(const AccountSettings& account) {
  return account.port.value_or(account.tls == TlsMode::implicit ? 995 : 110);
}

}  // namespace fermo::fetch
