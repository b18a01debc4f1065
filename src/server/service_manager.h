#pragma once

#include <string_view>

/// Tells systemd how far the service is (sd_notify(3)). Does nothing where there is no service manager. Thread-safe.
namespace fermo::server {

/// `status` is shown by `systemctl status`.
void notify_ready(std::string_view status);
/// The same line, while it goes on.
void notify_status(std::string_view status);
/// To be followed by notify_ready().
void notify_reloading();
void notify_stopping();

}  // namespace fermo::server
