#include "server/log.h"

#include <memory>
#include <string>

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace fermo::server {
namespace {

constexpr const char* kTime = "%Y-%m-%dT%H:%M:%S.%e%z";

void append_json_text(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20) {
      out += "\\u00";
      out += digits[octet >> 4];
      out += digits[octet & 0x0F];
    } else {
      out += c;
    }
  }
}

/// One object a line. An event of server/log_text.h is an object already and is taken into it.
class JsonFormatter final : public spdlog::formatter {
 public:
  JsonFormatter()
      : prefix_("{\"time\":\"" + std::string(kTime) + "\",\"level\":\"%l\",", spdlog::pattern_time_type::local, "") {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    prefix_.format(message, out);
    const std::string_view payload(message.payload.data(), message.payload.size());
    std::string rest;
    if (payload.starts_with('{')) {
      rest = payload.substr(1);
    } else {
      rest = "\"message\":\"";
      append_json_text(rest, payload);
      rest += "\"}";
    }
    rest += '\n';
    out.append(rest.data(), rest.data() + rest.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }

 private:
  spdlog::pattern_formatter prefix_;
};

}  // namespace

std::shared_ptr<spdlog::logger> make_log(const config::Config& config) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto log = std::make_shared<spdlog::logger>("fermo", std::move(sink));
  if (config.log_format == config::LogFormat::json) {
    log->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    log->set_pattern(std::string(kTime) + " %l %v");
  }
  set_log_level(*log, config.log_level);
  log->flush_on(spdlog::level::info);
  return log;
}

void set_log_level(spdlog::logger& log, std::string_view level) {
  using spdlog::level::level_enum;
  if (level == "trace") log.set_level(level_enum::trace);
  if (level == "debug") log.set_level(level_enum::debug);
  if (level == "info") log.set_level(level_enum::info);
  if (level == "warning") log.set_level(level_enum::warn);
  if (level == "error") log.set_level(level_enum::err);
}

}  // namespace fermo::server
