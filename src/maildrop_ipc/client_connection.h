#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/result.h"
#include "maildrop/error.h"
#include "maildrop_ipc/line.h"
#include "maildrop_ipc/wire.h"

namespace fermo::maildrop_ipc {

/// The asking half of one connection. Thread-safe: a snapshot and its cursors share one.
class ClientConnection {
 public:
  /// Connects and greets. Errors: the system's, unavailable, unsupported.
  static Result<std::shared_ptr<ClientConnection>> open(const std::filesystem::path& path,
                                                        std::chrono::milliseconds reply_time_max);

  explicit ClientConnection(std::unique_ptr<Line> line) : line_(std::move(line)) {}
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  /// Asks and waits. Errors: that of the reply; `when_lost` when the request went out whole and no reply of this kind
  /// came back; unavailable when it could not be sent.
  template <class Expected>
  Result<Expected> ask(const Request& request, maildrop::Error when_lost = maildrop::Error::unavailable) {
    auto reply = exchange(request, when_lost);
    if (!reply) return reply.error();
    if (auto* const expected = std::get_if<Expected>(&*reply)) return std::move(*expected);
    return give_up(when_lost);
  }

 private:
  /// Any reply but Failed.
  Result<Reply> exchange(const Request& request, maildrop::Error when_lost);
  error_code give_up(maildrop::Error error);

  std::mutex mutex_;
  const std::unique_ptr<Line> line_;
  bool lost_ = false;
};

}  // namespace fermo::maildrop_ipc
