#include "fetcher/program_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "base/wire_fields.h"
#include "fetch/error.h"
#include "fetcher/worker_notes.h"
#include "processes/spawn.h"

namespace fermo::fetcher {
namespace {

constexpr std::string_view name_variable = "FERMO_DELIVERY_NAME=";

std::vector<std::string> environment_with(const std::string& name) {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with(name_variable)) all.emplace_back(*variable);
  }
  all.push_back(std::string(name_variable) + name);
  return all;
}

/// The whole group of a program that takes too long is killed.
Result<ProgramEnd> await_end(pid_t process, std::chrono::seconds time_max) {
  const Descriptor watched(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time_max);
  struct pollfd ended{watched.get(), POLLIN, 0};
  int ready = 1;
  if (watched) {
    do ready = ::poll(&ended, 1, static_cast<int>(milliseconds.count()));
    while (ready < 0 && errno == EINTR);
  }
  if (ready == 0) ::kill(-process, SIGKILL);
  ProgramEnd end;
  end.timed_out = ready == 0;
  while (::waitpid(process, &end.status, 0) < 0) {
    if (errno != EINTR) return fetch::Error::unavailable;
  }
  return end;
}

// --- Notes -----------------------------------------------------------------------------------------------------------

enum class ProgramNote : std::uint8_t {
  run = 201,    ///< The name of a delivery, with the files of its standard input and outputs.
  ended = 202,  ///< ProgramEnd.
};

bool is(const processes::Note& note, ProgramNote kind) {
  return note.kind == static_cast<std::uint8_t>(kind);
}

std::string encode(const ProgramEnd& end) {
  FieldWriter out;
  for (const int number : {end.not_started, static_cast<int>(end.timed_out), end.status}) {
    out.number(static_cast<std::uint32_t>(number));
  }
  return out.take();
}

std::optional<ProgramEnd> decode_end(std::string_view payload) {
  FieldReader in(payload);
  ProgramEnd end;
  end.not_started = static_cast<int>(in.number<std::uint32_t>());
  end.timed_out = in.number<std::uint32_t>() == 1;
  end.status = static_cast<int>(in.number<std::uint32_t>());
  return in.whole() ? std::optional(end) : std::nullopt;
}

std::optional<Program> decode_program(std::string_view payload) {
  FieldReader in(payload);
  Program program;
  program.time_max = std::chrono::seconds(in.number<std::uint32_t>());
  for (std::size_t left = in.count(limits::worker_message_octets_max); left > 0 && !in.failed(); --left) {
    program.arguments.emplace_back(in.octets(limits::worker_message_octets_max));
  }
  return in.whole() && !program.arguments.empty() ? std::optional(std::move(program)) : std::nullopt;
}

std::optional<Program> receive_program(const processes::NoteSocket& notes) {
  WholeNotes whole;
  while (auto note = notes.receive()) {
    const auto message = whole.add(std::move(*note));
    if (whole.too_long()) return std::nullopt;
    if (message) return decode_program(message->payload);
  }
  return std::nullopt;
}

/// It becomes a variable of the environment.
bool is_name(std::string_view text) {
  return text.size() <= limits::worker_text_octets_max &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::string encode(const Program& program) {
  FieldWriter out;
  out.number(static_cast<std::uint32_t>(program.time_max.count()));
  out.number(static_cast<std::uint32_t>(program.arguments.size()));
  for (const std::string& argument : program.arguments) out.octets(argument);
  return out.take();
}

Result<ProgramEnd> LocalRunner::run(const std::string& name, int input, int output) {
  const std::vector<std::string> environment = environment_with(name);
  const auto process = processes::spawn({.arguments = program_.arguments,
                                         .input = input,
                                         .output = output,
                                         .errors = output,
                                         .own_group = true,
                                         .environment = &environment});
  if (!process) return ProgramEnd{.not_started = process.error().value()};
  return await_end(*process, program_.time_max);
}

Result<std::unique_ptr<RemoteRunner>> RemoteRunner::start(const Program& program) {
  auto pair = processes::make_pair(false);
  if (!pair) return pair.error();
  auto child = processes::Child::start({"role", "program"}, pair->second, -1, {}, processes::Environment::ours);
  if (!child) return child.error();
  auto runner = std::make_unique<RemoteRunner>(processes::NoteSocket(std::move(pair->first)));
  runner->child_ = std::make_unique<processes::Child>(std::move(*child));
  send_whole(runner->notes_, WorkerNote::errand, encode(program));  // one that is gone is found to be so later
  return runner;
}

Result<ProgramEnd> RemoteRunner::run(const std::string& name, int input, int output) {
  std::vector<Descriptor> files;
  for (const int file : {input, output}) files.emplace_back(::fcntl(file, F_DUPFD_CLOEXEC, 0));
  if (!files[0] || !files[1]) return fetch::from_errno(errno);
  if (!notes_.send(static_cast<std::uint8_t>(ProgramNote::run), name, files)) return fetch::Error::deferred;
  const auto note = notes_.receive();
  const auto end = note && is(*note, ProgramNote::ended) ? decode_end(note->payload) : std::nullopt;
  if (!end) return fetch::Error::deferred;
  return *end;
}

void serve_program(const processes::NoteSocket& notes) {
  auto program = receive_program(notes);
  if (!program) return;
  LocalRunner runner(std::move(*program));
  while (const auto note = notes.receive()) {
    if (!is(*note, ProgramNote::run) || note->descriptors.size() != 2 || !is_name(note->payload)) return;
    const auto end = runner.run(note->payload, note->descriptors[0].get(), note->descriptors[1].get());
    if (!end || !notes.send(static_cast<std::uint8_t>(ProgramNote::ended), encode(*end))) return;
  }
}

}  // namespace fermo::fetcher
