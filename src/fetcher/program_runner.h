#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "processes/child.h"
#include "processes/note_socket.h"

namespace fermo::fetcher {

/// How a program ended.
struct ProgramEnd {
  int not_started = 0;     ///< Why, as in errno; 0: it was started.
  bool timed_out = false;  ///< It took too long, and was killed with all that it had started.
  int status = 0;          ///< As waitpid(2) has it.
};

/// Starts one program, again and again. Used by one thread at a time.
class ProgramRunner {
 public:
  virtual ~ProgramRunner() = default;
  /// With `name` as FERMO_DELIVERY_NAME, and two files as its standard input and outputs. Waits for its end. Errors:
  /// deferred, unavailable: nobody knows how it ended.
  virtual Result<ProgramEnd> run(const std::string& name, int input, int output) = 0;
};

/// A program with its arguments.
struct Program {
  std::vector<std::string> arguments;  ///< It comes first: a path, or a name that is looked for in $PATH.
  std::chrono::seconds time_max;
};

/// Starts it in this process, in a process group of its own and with our environment.
class LocalRunner final : public ProgramRunner {
 public:
  explicit LocalRunner(Program program) : program_(std::move(program)) {}
  Result<ProgramEnd> run(const std::string& name, int input, int output) override;

 private:
  const Program program_;
};

/// Has it started by a process of its own, `fermo role program`, that hears no server and has all rights of the user;
/// so that this one, which hears one, may give up the right to start programs. What it can ask for is this program,
/// with messages.
class RemoteRunner final : public ProgramRunner {
 public:
  /// To be called on the thread that lives longest, as Child::start(). Errors: the system's.
  static Result<std::unique_ptr<RemoteRunner>> start(const Program& program);
  /// Through a process, or a thread, that is in serve_program() at the other end.
  explicit RemoteRunner(processes::NoteSocket notes) : notes_(std::move(notes)) {}
  Result<ProgramEnd> run(const std::string& name, int input, int output) override;

 private:
  std::unique_ptr<processes::Child> child_;
  processes::NoteSocket notes_;  ///< Ends before it: then it ends by itself.
};

/// What is to be run.
std::string encode(const Program& program);

/// The life of that process: returns when the other side is gone, or says what makes no sense.
void serve_program(const processes::NoteSocket& notes);

}  // namespace fermo::fetcher
