// Any octets as frames on the store socket: as replies to a client, and as a dialogue with a serving session over a
// store that holds mail. What can be decoded must encode to the very same octets, and the store's counters must be
// right whatever was asked.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "maildrop/memory_maildrop.h"
#include "maildrop_ipc/store_session.h"
#include "maildrop_ipc/wire.h"

namespace fermo::maildrop_ipc {
namespace {

const DropId drop = DropId::from("a").value();

/// Takes the next frame from the front of `input`: 2 octets of length, which is all a fuzzer needs.
std::string_view take_frame(std::string_view& input) {
  if (input.size() < 2) {
    input = {};
    return {};
  }
  const std::size_t octets = static_cast<unsigned char>(input[0]) | std::size_t{static_cast<unsigned char>(input[1])}
                                                                        << 8;
  const std::string_view frame = input.substr(2, octets);
  input.remove_prefix(2 + frame.size());
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

void converse(std::string_view input) {
  const ManualClock clock;
  maildrop::MemoryMaildrop store(clock);
  hold_some_mail(store);
  {
    StoreSession session(store);
    FERMO_CHECK(session.answer(request::Hello{}).has_value());  // so that no seed goes out of date with the version
    while (!input.empty()) {
      const auto request = decode_request(take_frame(input));
      if (!request) break;
      const auto reply = session.answer(*request);
      if (!reply) break;
      FERMO_CHECK(decode_reply(encode(*reply)).has_value());
    }
  }
  check_counters(store);
}

}  // namespace
}  // namespace fermo::maildrop_ipc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fermo::maildrop_ipc;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto request = decode_request(input)) FERMO_CHECK(encode(*request) == input);
  if (const auto reply = decode_reply(input)) FERMO_CHECK(encode(*reply) == input);
  converse(input);
  return 0;
}
