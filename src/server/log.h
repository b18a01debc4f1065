#pragma once

#include <memory>
#include <string_view>

#include <spdlog/fwd.h>

#include "config/config.h"

namespace fermo::server {

/// A log on standard error in the form and at the level that `config` asks for. Text: "time level message". JSON: one
/// object a line with "time", "level" and either "message" or the fields of the event. Nobody who logs waits for
/// whoever reads: lines that find no room are lost, and a line says so once there is some (server/log_writer.h). Starts
/// a thread. flush() waits until everything is written, at most `limits::log_flush_time_max`.
std::shared_ptr<spdlog::logger> make_log(const config::Config& config);

/// The same without a thread: what is logged waits for begin_log(), or for the end of the log. For a process that must
/// not have a second thread yet.
std::shared_ptr<spdlog::logger> make_waiting_log(const config::Config& config);
/// From now on `log`, of make_waiting_log(), is like any other. Call once, while nobody else logs.
void begin_log(spdlog::logger& log);

/// `level` as config::Config::log_level names it; unknown names leave it as it is.
void set_log_level(spdlog::logger& log, std::string_view level);

}  // namespace fermo::server
