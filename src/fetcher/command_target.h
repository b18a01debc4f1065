#pragma once

#include <memory>
#include <string>

#include "fetch/line_ends.h"
#include "fetch/target.h"
#include "fetcher/program_runner.h"
#include "fetcher/spool.h"

namespace fermo::fetcher {

/// Gives each message to a program (an MDA such as procmail, maildrop or dovecot-lda) on standard input, with LF line
/// ends. No shell is involved. The program is started once the message is there as a whole, so it never sees one that
/// was cut off, and runs in a process group of its own with this process's environment and FERMO_DELIVERY_NAME.
///
/// Its exit status decides, as sysexits.h has it: 0 is delivered; EX_DATAERR, EX_NOUSER, EX_NOHOST, EX_UNAVAILABLE and
/// EX_NOPERM refuse the message for good; EX_USAGE, EX_NOINPUT, EX_CANTCREAT, EX_CONFIG and a program that cannot be
/// started mean a target that is set up wrongly; everything else, signals included, means later.
///
/// Nobody can see from outside whether a program that was running when this process died has delivered. Such a message
/// is given again, and the program can know it again by FERMO_DELIVERY_NAME.
class CommandTarget final : public fetch::Target {
 public:
  /// Started in this process. Errors: misused (no program), unavailable.
  static Result<std::unique_ptr<CommandTarget>> open(Program program);
  /// Started by somebody else; `shown` names it. Errors: unavailable.
  static Result<std::unique_ptr<CommandTarget>> open(std::string shown, std::unique_ptr<ProgramRunner> runner);

  /// Always unknown.
  Result<fetch::Presence> find(std::string_view name) override;
  Result<void> begin(const fetch::Incoming& message) override;
  Result<void> append(std::string_view content) override;
  Result<void> end() override;
  void abandon() override;
  /// Nothing is left to do: end() has delivered.
  Result<void> commit() override { return {}; }
  Result<std::string> mark() override;
  /// The exit status and the first of what the program printed.
  std::string explanation() const override { return explanation_; }

 private:
  CommandTarget(std::string shown, std::unique_ptr<ProgramRunner> runner, Spool spool, Descriptor printed)
      : shown_(std::move(shown)), runner_(std::move(runner)), spool_(std::move(spool)), printed_(std::move(printed)) {}
  Result<void> outcome(const ProgramEnd& end);
  Result<void> outcome(int wait_status);

  const std::string shown_;
  const std::unique_ptr<ProgramRunner> runner_;
  Spool spool_;
  Descriptor printed_;
  std::string name_;
  std::string explanation_;
  fetch::CrlfToLf line_ends_;
};

}  // namespace fermo::fetcher
