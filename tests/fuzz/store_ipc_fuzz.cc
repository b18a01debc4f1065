// Any octets as frames on the store socket: as replies to a client, and as a dialogue with a serving session over a
// store that holds mail, and fails now and then. What can be decoded must encode to the very same octets, and the
// store's counters must be right whatever was asked.
//
// The input: one octet that says what the store does, one that says when and how it fails, and frames, the first of
// which is also taken for a reply.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "base/failure.h"
#include "base/limits.h"
#include "flaky_store.h"
#include "maildrop/checkpoint.h"
#include "maildrop/memory_maildrop.h"
#include "maildrop_ipc/store_session.h"
#include "maildrop_ipc/wire.h"

namespace fermo::maildrop_ipc {
namespace {

const DropId drop = DropId::from("a").value();

/// Takes the next part of a frame from the front of `input`: 2 octets of length, which is all a fuzzer needs. The
/// topmost bit says that another part belongs to the frame.
std::string_view take_part(std::string_view& input, bool& goes_on) {
  goes_on = false;
  if (input.size() < 2) {
    input = {};
    return {};
  }
  const std::size_t octets =
      static_cast<unsigned char>(input[0]) | std::size_t{static_cast<unsigned char>(input[1] & 0x7f)} << 8;
  goes_on = (input[1] & 0x80) != 0;
  const std::string_view part = input.substr(2, octets);
  input.remove_prefix(2 + part.size());
  return part;
}

Encoded take_frame(std::string_view& input) {
  bool goes_on = false;
  Encoded frame;
  frame.head = take_part(input, goes_on);
  if (goes_on) frame.rest = take_part(input, goes_on);
  return frame;
}

void hold_some_mail(maildrop::Store& store) {
  const std::string wire = "Subject: x\r\n\r\n..\r\n";
  for (int i = 0; i < 2; ++i) {
    const auto delivery = store.begin_delivery().value();
    delivery->append(wire).value();
    const maildrop::Recipient recipient{drop, "", std::nullopt};
    delivery->finish({Octets{wire.size() - 1}, Octets{wire.size()}, Octets{14}}, {&recipient, 1}, {}).value();
  }
}

void check_counters(maildrop::Store& store) {
  for (const auto& summary : store.list_drops(std::nullopt, limits::scan_listings_at_once_max).value()) {
    FERMO_CHECK(summary.listing == store.recount(summary.drop).value());
  }
}

class NamedCheckpoint final : public maildrop::Checkpoint {
 public:
  const std::string& name() const override { return name_; }

 private:
  const std::string name_ = "checkpoint-1";
};

/// One whose checkpoints go well, or not.
class Checkpoints final : public maildrop::CheckpointSource {
 public:
  explicit Checkpoints(fuzz::Faults& faults) : faults_(faults) {}
  Result<std::unique_ptr<maildrop::Checkpoint>> take_checkpoint() override {
    if (const auto error = faults_.next()) return error;
    return std::make_unique<NamedCheckpoint>();
  }

 private:
  fuzz::Faults& faults_;
};

/// Of the store's own category, or of another one, in whose words it must not leave the process.
error_code error_of(unsigned number) {
  if (number >= 1 && number <= 7) return make_error_code(static_cast<maildrop::Error>(number));
  if (number >= 8 && number <= 12) return {static_cast<int>(number - 7), failure_category()};
  return {};
}

void converse(StoreSession& session, std::string_view input) {
  while (!input.empty()) {
    const Encoded frame = take_frame(input);
    const auto request = decode_request(frame.head, std::string(frame.rest));
    if (!request) return;
    FERMO_CHECK(encode(*request) == frame);
    const auto reply = session.answer(*request);
    if (!reply) return;
    const Encoded encoded = encode(*reply);
    const auto decoded = decode_reply(encoded.head, std::string(encoded.rest));
    FERMO_CHECK(decoded && encode(*decoded) == encoded);
  }
}

void take_for_a_reply(std::string_view input) {
  const Encoded frame = take_frame(input);
  const auto reply = decode_reply(frame.head, std::string(frame.rest));
  if (reply) FERMO_CHECK(encode(*reply) == frame);
}

void serve(unsigned how, unsigned faulty, std::string_view input) {
  const ManualClock clock;
  maildrop::MemoryMaildrop real(clock);
  hold_some_mail(real);
  fuzz::Faults faults{faulty >> 4U, error_of(faulty & 0x0FU), how >> 4U, (how & 4U) != 0};
  fuzz::FlakyStore store(real, faults);
  Checkpoints checkpoints(faults);
  if ((how & 1U) != 0) {
    Grants grants;
    if ((how & 2U) != 0) grants.add(drop, Grants::Clock::now());
    Allowance held(4 * limits::message_piece_octets_max);
    StoreSession session(store, grants, held);
    converse(session, input);
  } else {
    StoreSession session(store, (how & 2U) != 0 ? &checkpoints : nullptr);
    FERMO_CHECK(session.answer(request::Hello{}).has_value());  // so that no seed goes out of date with the version
    converse(session, input);
  }
  check_counters(real);
}

}  // namespace
}  // namespace fermo::maildrop_ipc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fermo::maildrop_ipc;
  if (size < 2) return -1;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  take_for_a_reply(input);
  serve(data[0], data[1], input);
  return 0;
}
