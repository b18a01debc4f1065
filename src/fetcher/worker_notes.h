#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "fetch/plan.h"
#include "fetcher/account_runner.h"
#include "fetcher/report.h"
#include "processes/note_socket.h"

/// What a process that fetches one account and the one that started it say to each other
/// (docs/decisions/0010-processes.md). Both take it for a stranger's.
namespace fermo::fetcher {

enum class WorkerNote : std::uint8_t {
  part = 1,  ///< The beginning of what the next note that is no part ends.
  // To it. Whatever comes after the errand ends the fetch softly.
  errand = 2,
  stop = 3,
  // From it.
  begun = 101,            ///< It has all it needs, and is about to hear the server.
  planned = 102,          ///< Work.
  decided = 103,          ///< A fetch::Decision.
  advanced = 104,         ///< Advance.
  complaint = 105,        ///< Text for the log.
  ended = 106,            ///< Report. The last one.
  could_not_begin = 107,  ///< NotBegun. The last one.
};

/// What has come since the last such note.
struct Advance {
  Octets octets;
  std::uint64_t messages = 0;
};

/// Why there was no fetch.
struct NotBegun {
  std::uint8_t code = 0;  ///< As the process would end with.
  std::string problem;
};

std::string encode(const Work& work);
std::string encode(const fetch::Decision& decision);
std::string encode(const Advance& advance);
/// Texts and lists that are too long are cut.
std::string encode(const Report& report);
std::string encode(const NotBegun& failure);

/// Nothing when it is none. Texts are fit to be shown, whoever wrote them.
std::optional<Work> decode_work(std::string_view payload);
std::optional<fetch::Decision> decode_decision(std::string_view payload);
std::optional<Advance> decode_advance(std::string_view payload);
std::optional<Report> decode_report(std::string_view payload);
std::optional<NotBegun> decode_not_begun(std::string_view payload);
std::string decode_complaint(std::string_view payload);

/// Sends it in as many notes as it takes. False: the other side is gone.
bool send_whole(const processes::NoteSocket& notes, WorkerNote kind, std::string_view payload);

/// Puts what send_whole() has sent together again. What it holds is wiped, since it may be an errand.
class WholeNotes {
 public:
  WholeNotes() = default;
  WholeNotes(const WholeNotes&) = delete;
  WholeNotes& operator=(const WholeNotes&) = delete;
  ~WholeNotes() { wipe(begun_); }

  /// Nothing when it was a part, or when what the parts make is too long.
  std::optional<processes::Note> add(processes::Note note);
  /// Nothing further comes of it.
  bool too_long() const { return too_long_; }

 private:
  std::string begun_;
  bool too_long_ = false;
};

}  // namespace fermo::fetcher
