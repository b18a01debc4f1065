#include "server/log.h"

#include <unistd.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "base/limits.h"
#include "server/log_writer.h"

namespace fermo::server {
namespace {

constexpr const char* kTime = "%Y-%m-%dT%H:%M:%S.%e%z";
constexpr std::string_view cut_off = "...";
/// The most that a message takes in JSON: the rest of the line is its time and level.
constexpr std::size_t json_message_octets_max = limits::log_line_octets_max - 256;

void append_json_text(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (out.size() > json_message_octets_max) {
      out += cut_off;
      return;
    }
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

std::unique_ptr<spdlog::formatter> make_formatter(config::LogFormat format) {
  if (format == config::LogFormat::json) return std::make_unique<JsonFormatter>();
  return std::make_unique<spdlog::pattern_formatter>(std::string(kTime) + " %l %v");
}

std::string formatted(spdlog::formatter& formatter, const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter.format(message, line);
  if (line.size() <= limits::log_line_octets_max) return {line.data(), line.size()};
  std::string cut(line.data(), limits::log_line_octets_max - cut_off.size() - 1);
  cut += cut_off;
  cut += '\n';
  return cut;
}

LogWriter::Notice notice_in(std::shared_ptr<spdlog::formatter> formatter) {
  return [formatter = std::move(formatter)](std::size_t lines, int error) {
    std::string text = std::to_string(lines) + (lines == 1 ? " line was lost" : " lines were lost") + " because ";
    text +=
        error == 0 ? "nobody read the log" : "the log could not be written: " + std::string(::strerrordesc_np(error));
    return formatted(*formatter, {"fermo", spdlog::level::warn, text});
  };
}

/// Standard error, without waiting for whoever reads it. Lines wait until it has begun.
class PatientSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit PatientSink(std::unique_ptr<spdlog::formatter> formatter)
      : base_sink(formatter->clone()), notices_(std::move(formatter)) {}
  ~PatientSink() override {
    if (!waiting_.empty()) begin();
  }
  PatientSink(const PatientSink&) = delete;
  PatientSink& operator=(const PatientSink&) = delete;

  void begin() {
    writer_.emplace(STDERR_FILENO, limits::log_buffer_octets_max, notice_in(notices_));
    for (std::string& line : waiting_) writer_->put(std::move(line));
    waiting_.clear();
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (writer_) {
      writer_->put(formatted(*formatter_, message));
    } else {
      waiting_.push_back(formatted(*formatter_, message));
    }
  }
  void flush_() override {
    if (writer_) writer_->flush(limits::log_flush_time_max);
  }

  const std::shared_ptr<spdlog::formatter> notices_;
  std::vector<std::string> waiting_;
  std::optional<LogWriter> writer_;
};

}  // namespace

std::shared_ptr<spdlog::logger> make_log(const config::Config& config) {
  auto log = make_waiting_log(config);
  begin_log(*log);
  return log;
}

std::shared_ptr<spdlog::logger> make_waiting_log(const config::Config& config) {
  auto log =
      std::make_shared<spdlog::logger>("fermo", std::make_shared<PatientSink>(make_formatter(config.log_format)));
  set_log_level(*log, config.log_level);
  return log;
}

void begin_log(spdlog::logger& log) {
  for (const auto& sink : log.sinks()) {
    if (auto* const patient = dynamic_cast<PatientSink*>(sink.get())) patient->begin();
  }
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
