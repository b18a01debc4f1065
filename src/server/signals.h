#pragma once

#include <functional>
#include <memory>

namespace fermo::server {

/// Turns signals into calls on a thread of its own: SIGTERM and SIGINT into `on_stop` (each time one arrives), SIGHUP
/// into `on_reload`. From construction to destruction; at most one such object in a process.
class Signals {
 public:
  Signals(std::function<void()> on_stop, std::function<void()> on_reload);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fermo::server
