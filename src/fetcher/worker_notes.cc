#include "fetcher/worker_notes.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/secret.h"
#include "base/wire_fields.h"
#include "mail/shown_text.h"

namespace fermo::fetcher {
namespace {

using limits::worker_text_octets_max;

void put_text(FieldWriter& out, std::string_view text) {
  out.octets(text.substr(0, worker_text_octets_max));
}

std::string get_text(FieldReader& in) {
  return mail::shown_text(in.octets(worker_text_octets_max), worker_text_octets_max);
}

template <class Enum>
void put_enum(FieldWriter& out, Enum value) {
  out.number(static_cast<std::uint8_t>(value));
}

template <class Enum>
Enum get_enum(FieldReader& in, Enum last) {
  const auto number = in.number<std::uint8_t>();
  if (number > static_cast<std::uint8_t>(last)) in.fail();
  return in.failed() ? Enum() : static_cast<Enum>(number);
}

void put_flag(FieldWriter& out, bool flag) {
  out.number(static_cast<std::uint8_t>(flag));
}

bool get_flag(FieldReader& in) {
  const auto number = in.number<std::uint8_t>();
  if (number > 1) in.fail();
  return number == 1;
}

void put_troubles(FieldWriter& out, const std::vector<MessageTrouble>& troubles) {
  const std::size_t count = std::min(troubles.size(), limits::message_troubles_max);
  out.number(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    out.number(troubles[i].number);
    put_text(out, troubles[i].what);
  }
}

void get_troubles(FieldReader& in, std::vector<MessageTrouble>& troubles) {
  for (std::size_t left = in.count(limits::message_troubles_max); left > 0; --left) {
    MessageTrouble trouble;
    trouble.number = in.number<std::uint64_t>();
    trouble.what = get_text(in);
    troubles.push_back(std::move(trouble));
  }
}

void put_remarks(FieldWriter& out, const std::vector<std::string>& remarks) {
  const std::size_t count = std::min(remarks.size(), limits::worker_remarks_max);
  out.number(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) put_text(out, remarks[i]);
}

/// The numbers of a report, in both directions.
template <class AnyReport, class Use>
void each_number(AnyReport& report, const Use& use) {
  for (auto* one : {&report.listed, &report.fetched, &report.heads, &report.found, &report.deleted, &report.refused,
                    &report.left_behind, &report.octets.value, &report.octets_in, &report.octets_out}) {
    use(*one);
  }
}

}  // namespace

std::string encode(const Work& work) {
  FieldWriter out;
  out.number(work.messages);
  out.number(work.octets.value);
  out.number(work.deletions);
  return out.take();
}

std::optional<Work> decode_work(std::string_view payload) {
  FieldReader in(payload);
  Work work;
  work.messages = in.number<std::uint64_t>();
  work.octets.value = in.number<std::uint64_t>();
  work.deletions = in.number<std::uint64_t>();
  return in.whole() ? std::optional(work) : std::nullopt;
}

std::string encode(const fetch::Decision& decision) {
  FieldWriter out;
  out.number(decision.number.value());
  put_text(out, decision.key);
  out.number(decision.octets.value);
  out.number(decision.generation);
  put_enum(out, decision.retrieval);
  put_enum(out, decision.removal);
  put_enum(out, decision.reason);
  put_flag(out, decision.enters);
  return out.take();
}

std::optional<fetch::Decision> decode_decision(std::string_view payload) {
  FieldReader in(payload);
  const auto number = MessageNumber::from(in.number<std::uint64_t>());
  if (!number) return std::nullopt;
  fetch::Decision decision{*number, get_text(in), {}, {}, {}, {}, {}, {}};
  decision.octets.value = in.number<std::uint64_t>();
  decision.generation = in.number<std::uint32_t>();
  decision.retrieval = get_enum(in, fetch::Retrieval::whole);
  decision.removal = get_enum(in, fetch::Removal::once_delivered);
  decision.reason = get_enum(in, fetch::Reason::deleted_locally);
  decision.enters = get_flag(in);
  return in.whole() ? std::optional(std::move(decision)) : std::nullopt;
}

std::string encode(const Advance& advance) {
  FieldWriter out;
  out.number(advance.octets.value);
  out.number(advance.messages);
  return out.take();
}

std::optional<Advance> decode_advance(std::string_view payload) {
  FieldReader in(payload);
  Advance advance;
  advance.octets.value = in.number<std::uint64_t>();
  advance.messages = in.number<std::uint64_t>();
  return in.whole() ? std::optional(advance) : std::nullopt;
}

std::string encode(const Report& report) {
  FieldWriter out;
  put_enum(out, report.verdict);
  for (const std::string* text : {&report.problem, &report.advice, &report.tls}) put_text(out, *text);
  put_flag(out, report.unchanged);
  each_number(report, [&out](std::uint64_t number) { out.number(number); });
  put_troubles(out, report.troubles);
  put_remarks(out, report.remarks);
  put_flag(out, report.login_delay.has_value());
  out.number(static_cast<std::uint64_t>(report.login_delay.value_or(std::chrono::seconds(0)).count()));
  return out.take();
}

std::optional<Report> decode_report(std::string_view payload) {
  FieldReader in(payload);
  Report report;
  report.verdict = get_enum(in, Verdict::process_lost);
  for (std::string* text : {&report.problem, &report.advice, &report.tls}) *text = get_text(in);
  report.unchanged = get_flag(in);
  each_number(report, [&in](std::uint64_t& number) { number = in.number<std::uint64_t>(); });
  get_troubles(in, report.troubles);
  for (std::size_t left = in.count(limits::worker_remarks_max); left > 0; --left) {
    report.remarks.push_back(get_text(in));
  }
  const bool has_delay = get_flag(in);
  const std::chrono::seconds most = limits::fetch_login_delay_max;
  const auto delay = std::min(in.number<std::uint64_t>(), static_cast<std::uint64_t>(most.count()));
  if (has_delay) report.login_delay = std::chrono::seconds(delay);
  return in.whole() ? std::optional(std::move(report)) : std::nullopt;
}

std::string encode(const NotBegun& failure) {
  FieldWriter out;
  out.number(failure.code);
  put_text(out, failure.problem);
  return out.take();
}

std::optional<NotBegun> decode_not_begun(std::string_view payload) {
  FieldReader in(payload);
  NotBegun failure;
  failure.code = in.number<std::uint8_t>();
  failure.problem = get_text(in);
  return in.whole() ? std::optional(std::move(failure)) : std::nullopt;
}

std::string decode_complaint(std::string_view payload) {
  return mail::shown_text(payload, worker_text_octets_max);
}

bool send_whole(const processes::NoteSocket& notes, WorkerNote kind, std::string_view payload) {
  while (payload.size() > limits::note_octets_max) {
    if (!notes.send(static_cast<std::uint8_t>(WorkerNote::part), payload.substr(0, limits::note_octets_max))) {
      return false;
    }
    payload.remove_prefix(limits::note_octets_max);
  }
  return notes.send(static_cast<std::uint8_t>(kind), payload);
}

std::optional<processes::Note> WholeNotes::add(processes::Note note) {
  too_long_ = too_long_ || begun_.size() + note.payload.size() > limits::worker_message_octets_max;
  if (too_long_) return std::nullopt;
  if (begun_.capacity() == 0 && note.kind == static_cast<std::uint8_t>(WorkerNote::part)) {
    begun_.reserve(limits::worker_message_octets_max);  // no copies of a secret are left behind while it grows
  }
  if (note.kind != static_cast<std::uint8_t>(WorkerNote::part) && begun_.empty()) return note;
  begun_ += note.payload;
  wipe(note.payload);
  if (note.kind == static_cast<std::uint8_t>(WorkerNote::part)) return std::nullopt;
  note.payload = std::exchange(begun_, {});
  return note;
}

}  // namespace fermo::fetcher
