#include "auth_ipc/login_service.h"

#include <string>
#include <utility>
#include <variant>

#include "auth_ipc/wire.h"
#include "base/secret.h"
#include "ipc/serve_sockets.h"

namespace fermo::auth_ipc {
namespace {

class LoginService {
 public:
  LoginService(account::Authenticator& authenticator, account::Directory& directory)
      : authenticator_(authenticator), directory_(directory) {}

  void converse(ipc::FrameSocket& socket) {
    std::string payload;
    while (socket.receive(payload)) {
      const auto request = decode_request(payload);
      wipe(payload);
      if (!request) return;
      const Reply reply = std::visit([this](const auto& asked) { return obey(asked); }, *request);
      if (!socket.send(encode(reply))) return;
    }
  }

 private:
  Reply obey(const request::Verify& verify) {
    auto decision = authenticator_.verify(verify.attempt);
    if (!decision) return reply::Failed{};
    return reply::Decided{std::move(*decision)};
  }

  Reply obey(const request::FindRecipient& find) {
    auto account = directory_.find(find.recipient);
    if (!account) return reply::Failed{};
    return reply::Found{std::move(*account)};
  }

  account::Authenticator& authenticator_;
  account::Directory& directory_;
};

}  // namespace

void serve_logins(account::Authenticator& authenticator, account::Directory& directory,
                  std::vector<Descriptor> sockets) {
  LoginService service(authenticator, directory);
  ipc::serve_sockets(std::move(sockets), [&service](ipc::FrameSocket& socket) { service.converse(socket); });
}

}  // namespace fermo::auth_ipc
