#include <chrono>
#include <csignal>
#include <exception>
#include <new>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "confine/confinement.h"
#include "fermo/complaints.h"
#include "fermo/fetch_confinement.h"
#include "fermo/fetch_equipment.h"
#include "fermo/fetch_errand.h"
#include "fermo/roles.h"
#include "fetcher/program_runner.h"
#include "fetcher/run_alone.h"
#include "fetcher/worker_notes.h"

namespace fermo::commands {
namespace {

using fetcher::WorkerNote;
using processes::NoteSocket;

/// Passes on what the one who started this process shows, and no more.
class Teller final : public fetcher::Observer {
 public:
  Teller(const NoteSocket& notes, const FetchErrand& errand)
      : notes_(notes), shows_progress_(errand.shows_progress), dry_run_(errand.place.dry_run) {}

  void planned(const fetcher::Work& work) override {
    tell_advance();
    if (shows_progress_ || dry_run_) fetcher::send_whole(notes_, WorkerNote::planned, encode(work));
  }
  void decided(const fetch::Decision& decision) override {
    fetcher::send_whole(notes_, WorkerNote::decided, fetcher::encode(decision));
  }
  void received(Octets octets) override {
    advance_.octets += octets;
    if (shows_progress_ && Time::now() - told_ >= limits::worker_progress_interval) tell_advance();
  }
  void delivered(std::uint64_t messages) override {
    advance_.messages += messages;
    tell_advance();
  }
  void ended(const fetcher::Report&) override { tell_advance(); }

 private:
  using Time = std::chrono::steady_clock;

  void tell_advance() {
    const fetcher::Advance advance = std::exchange(advance_, {});
    if (!shows_progress_ || advance.octets.value + advance.messages == 0) return;
    told_ = Time::now();
    fetcher::send_whole(notes_, WorkerNote::advanced, encode(advance));
  }

  const NoteSocket& notes_;
  const bool shows_progress_;
  const bool dry_run_;
  fetcher::Advance advance_;
  Time::time_point told_;
};

/// The one who started this process decides what a signal to all of them means. Programs that print passwords or take
/// mail do not inherit that, as they would what is ignored.
void heed_no_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) std::signal(signal, [](int) {});
}

std::optional<FetchErrand> receive_errand(const NoteSocket& notes) {
  fetcher::WholeNotes whole;
  while (auto note = notes.receive()) {
    auto message = whole.add(std::move(*note));
    if (whole.too_long()) return std::nullopt;
    if (!message) continue;
    auto errand =
        message->kind == static_cast<std::uint8_t>(WorkerNote::errand) ? decode_errand(message->payload) : std::nullopt;
    wipe(message->payload);
    return errand;
  }
  return std::nullopt;
}

ExitCode refuse(const NoteSocket& notes, ExitCode code, const std::string& problem) {
  fetcher::send_whole(notes, WorkerNote::could_not_begin,
                      encode(fetcher::NotBegun{static_cast<std::uint8_t>(code), problem}));
  return code;
}

ExitCode fetch(const NoteSocket& notes, FetchErrand errand) {
  std::istringstream nothing;
  std::ostringstream unheard;
  NoTerminal nobody;
  const Console console{nothing, unheard, unheard, nobody};
  const SystemClock clock;
  Teller teller(notes, errand);
  const Complaints complaints(console);
  auto job = equip(errand.account, errand.place, clock, teller, complaints.console());
  if (!job) return refuse(notes, job.error(), complaints.text());
  confine_fetch(errand.account, errand.place, console);
  errand.place.secrets = {};
  const auto complain = [&notes](std::string_view what) {
    fetcher::send_whole(notes, WorkerNote::complaint, what.substr(0, limits::worker_text_octets_max));
  };
  if (!fetcher::send_whole(notes, WorkerNote::begun, {})) return ExitCode::software;
  const fetcher::Report report = fetcher::run_alone(std::move(*job), clock, complain, &notes);
  fetcher::send_whole(notes, WorkerNote::ended, encode(report));
  return ExitCode::ok;
}

}  // namespace

ExitCode run_program_role(const NoteSocket& notes) {
  confine::close_memory();
  heed_no_signals();
  fetcher::serve_program(notes);
  return ExitCode::ok;
}

ExitCode run_fetch(const NoteSocket& notes) {
  confine::close_memory();
  heed_no_signals();
  auto errand = receive_errand(notes);
  if (!errand) return ExitCode::software;
  try {
    return fetch(notes, std::move(*errand));
  } catch (const std::bad_alloc&) {
    return refuse(notes, ExitCode::temporary_failure, "not enough memory");
  } catch (const std::exception& error) {
    return refuse(notes, ExitCode::software, std::string("unexpected failure: ") + error.what());
  }
}

}  // namespace fermo::commands
