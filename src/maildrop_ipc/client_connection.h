#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

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

  /// Nobody reads from it any more: the other side is told with the next request. Waits for nobody, so that whatever
  /// thread destroys a cursor goes on.
  void close_later(CursorId cursor);

 private:
  /// Any reply but Failed.
  Result<Reply> exchange(const Request& request, maildrop::Error when_lost);
  std::optional<Reply> carry(const Request& request, Line::Outcome& outcome);
  bool close_cursors();
  error_code give_up(maildrop::Error error);

  std::mutex mutex_;
  const std::unique_ptr<Line> line_;
  bool lost_ = false;

  std::mutex left_mutex_;
  std::vector<CursorId> left_;  ///< Cursors that the other side still holds for nothing.
};

}  // namespace fermo::maildrop_ipc
