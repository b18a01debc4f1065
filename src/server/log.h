#pragma once

#include <memory>
#include <string_view>

#include <spdlog/fwd.h>

#include "config/config.h"

namespace fermo::server {

/// A log on standard error in the form and at the level that `config` asks for. Text: "time level message". JSON: one
/// object a line with "time", "level" and either "message" or the fields of the event. Nobody who logs waits for whoever
/// reads: lines that find no room are lost, and a line says so once there is some (server/log_writer.h). Starts a
/// thread. flush() waits until everything is written, at most `limits::log_flush_time_max`.
std::shared_ptr<spdlog::logger> make_log(const config::Config& config);

/// `level` as config::Config::log_level names it; unknown names leave it as it is.
void set_log_level(spdlog::logger& log, std::string_view level);

}  // namespace fermo::server
