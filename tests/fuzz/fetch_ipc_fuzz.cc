// Any octets on the socket between a process that fetches one account and the one that started it: as what either side
// says, and as notes that come in parts. What can be decoded must encode to something that decodes to the same; texts
// are fit to be shown; what is put together is what the parts were.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "fermo/fetch_errand.h"
#include "fetcher/worker_notes.h"
#include "mail/shown_text.h"

namespace fermo::fetcher {
namespace {

void check_text(std::string_view text) {
  FERMO_CHECK(text.size() <= limits::worker_text_octets_max);
  FERMO_CHECK(mail::shown_text(text, limits::worker_text_octets_max) == text);
}

/// Numbers alone: the very same octets.
template <class Value>
void check_numbers(std::string_view input, std::optional<Value> decoded) {
  if (decoded) FERMO_CHECK(encode(*decoded) == input);
}

void check_decision(std::string_view input) {
  const auto decision = decode_decision(input);
  if (!decision) return;
  check_text(decision->key);
  FERMO_CHECK(decode_decision(encode(*decision)) == decision);
}

void check_report(std::string_view input) {
  const auto report = decode_report(input);
  if (!report) return;
  for (const std::string* text : {&report->problem, &report->advice, &report->tls}) check_text(*text);
  for (const auto& trouble : report->troubles) check_text(trouble.what);
  for (const auto& remark : report->remarks) check_text(remark);
  const std::string text = encode(*report);
  FERMO_CHECK(text.size() <= limits::worker_message_octets_max);
  const auto again = decode_report(text);
  FERMO_CHECK(again && encode(*again) == text);
}

void check_not_begun(std::string_view input) {
  const auto failure = decode_not_begun(input);
  if (!failure) return;
  check_text(failure->problem);
  const auto again = decode_not_begun(encode(*failure));
  FERMO_CHECK(again && again->code == failure->code && again->problem == failure->problem);
}

void check_errand(std::string_view input) {
  const auto errand = commands::decode_errand(input);
  if (!errand) return;
  FERMO_CHECK(errand->place.secrets.of_accounts.size() <= 1);
  const Secret text = commands::encode_errand(errand->account, errand->place, errand->shows_progress);
  FERMO_CHECK(text.reveal() == input);
}

/// How many octets of a note come next: two octets say it, but for a note that is as long as one can be.
std::string next_payload(std::string_view& input) {
  const auto octet = [&input] {
    const auto value = input.empty() ? 0U : static_cast<unsigned char>(input.front());
    input.remove_prefix(std::min<std::size_t>(1, input.size()));
    return value;
  };
  const std::size_t octets = octet() | (octet() & 0x7FU) << 8U;
  if (octets >= limits::note_octets_max) return std::string(limits::note_octets_max, 'x');
  std::string payload(input.substr(0, octets));
  input.remove_prefix(payload.size());
  return payload;
}

void put_together(std::string_view input) {
  WholeNotes whole;
  std::string begun;
  bool too_long = false;
  while (!input.empty()) {
    const auto kind = static_cast<std::uint8_t>(input.front());
    const bool is_part = kind == static_cast<std::uint8_t>(WorkerNote::part);
    input.remove_prefix(1);
    const std::string payload = next_payload(input);
    too_long = too_long || begun.size() + payload.size() > limits::worker_message_octets_max;
    begun += payload;
    const auto note = whole.add({kind, payload, {}});
    FERMO_CHECK(whole.too_long() == too_long);
    FERMO_CHECK(note.has_value() == (!is_part && !too_long));
    if (note) FERMO_CHECK(note->kind == kind && note->payload == begun);
    if (too_long) return;
    if (!is_part) begun.clear();
  }
}

/// As long as several notes, and what came of it at the other end of a pair of sockets.
void pass_on(std::string_view input) {
  const std::size_t times = input.empty() ? 1 : 1 + static_cast<unsigned char>(input.front());
  std::string payload;
  for (std::size_t i = 0; i < times && payload.size() < 3 * limits::note_octets_max; ++i) payload += input;
  auto pair = processes::make_pair(false);
  FERMO_CHECK(pair.has_value());
  const processes::NoteSocket from(std::move(pair->first));
  const processes::NoteSocket to(std::move(pair->second));
  FERMO_CHECK(send_whole(from, WorkerNote::errand, payload));
  WholeNotes whole;
  std::optional<processes::Note> note;
  while (!note) {
    auto part = to.receive();
    FERMO_CHECK(part.has_value());
    note = whole.add(std::move(*part));
  }
  FERMO_CHECK(note->payload == payload);
}

}  // namespace
}  // namespace fermo::fetcher

/// The first octet says what the rest is taken for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fermo::fetcher;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'w':
      check_numbers(input, decode_work(input));
      break;
    case 'a':
      check_numbers(input, decode_advance(input));
      break;
    case 'd':
      check_decision(input);
      break;
    case 'r':
      check_report(input);
      break;
    case 'n':
      check_not_begun(input);
      break;
    case 'c':
      check_text(decode_complaint(input));
      break;
    case 'e':
      check_errand(input);
      break;
    case 'p':
      put_together(input);
      break;
    case 's':
      pass_on(input);
      break;
    default:
      break;
  }
  return 0;
}
