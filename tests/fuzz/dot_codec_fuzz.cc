// Any octets as mail data, as a message and as both again: nothing may depend on where the input is cut, only CRLF "."
// CRLF may end mail data, and what has been encoded must decode to the canonical form.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "mail/dot_codec.h"
#include "mail/wire_message.h"

namespace fermo::mail {
namespace {

using Pieces = std::vector<std::string_view>;

constexpr std::string_view end_of_data = "\r\n.\r\n";

Pieces cut(std::string_view text, std::uint32_t seed) {
  std::minstd_rand random(seed);
  Pieces pieces;
  while (!text.empty()) {
    pieces.push_back(text.substr(0, random() % 2 == 0 ? random() % 4 : random() % 200));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

struct Decoded {
  std::string content;
  std::size_t consumed = 0;
  bool ended = false;
  bool bare_lf = false;
  bool bare_cr = false;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decoded(const Pieces& pieces) {
  DotDecoder decoder;
  Decoded result;
  for (const auto piece : pieces) {
    const auto progress = decoder.decode(piece, result.content);
    result.consumed += progress.consumed;
    result.ended = progress.ended;
    if (result.ended) break;
    FERMO_CHECK(progress.consumed == piece.size());
  }
  result.bare_lf = decoder.bare_lf_seen();
  result.bare_cr = decoder.bare_cr_seen();
  return result;
}

void check_decoder(std::string_view input, std::uint32_t seed) {
  const Decoded whole = decoded({input});
  FERMO_CHECK(decoded(cut(input, seed)) == whole);
  // The start of the data counts as the start of a line.
  const std::size_t end = ("\r\n" + std::string(input)).find(end_of_data);
  FERMO_CHECK(whole.ended == (end != std::string::npos));
  FERMO_CHECK(whole.consumed == (whole.ended ? end + end_of_data.size() - 2 : input.size()));
  if (whole.ended) FERMO_CHECK(dot_stuffed(whole.content).size() >= whole.content.size());
}

struct Encoded {
  std::string wire;
  WireSummary summary;
  friend bool operator==(const Encoded&, const Encoded&) = default;
};

Encoded encoded(const Pieces& pieces, WireEncoder::BareLf bare_lf) {
  WireEncoder encoder(bare_lf);
  Encoded result;
  for (const auto piece : pieces) encoder.encode(piece, result.wire);
  result.summary = encoder.finish(result.wire);
  return result;
}

std::string canonical(std::string_view content, WireEncoder::BareLf bare_lf) {
  std::string text;
  for (const char c : content) {
    if (c == '\n' && bare_lf == WireEncoder::BareLf::to_crlf && !text.ends_with('\r')) text.push_back('\r');
    text.push_back(c);
  }
  if (!text.empty() && !text.ends_with("\r\n")) text += "\r\n";
  return text;
}

/// Octets up to the first empty line and with it; all when there is none.
std::size_t header_octets(std::string_view wire) {
  if (wire.starts_with("\r\n")) return 2;
  const std::size_t end = wire.find("\r\n\r\n");
  return end == std::string_view::npos ? wire.size() : end + 4;
}

Encoded check_encoder(std::string_view content, WireEncoder::BareLf bare_lf, std::uint32_t seed) {
  const Encoded whole = encoded({content}, bare_lf);
  const std::string expected = canonical(content, bare_lf);
  FERMO_CHECK(encoded(cut(content, seed), bare_lf) == whole);
  FERMO_CHECK(whole.summary.octets.value == expected.size());
  FERMO_CHECK(whole.summary.wire_octets.value == whole.wire.size());
  FERMO_CHECK(whole.summary.header_wire_octets.value == header_octets(whole.wire));
  FERMO_CHECK(whole.wire == dot_stuffed(expected));

  const std::string sent = whole.wire + ".\r\n";
  const Decoded back = decoded({sent});
  FERMO_CHECK(back.ended && back.consumed == sent.size() && back.content == expected);
  if (bare_lf == WireEncoder::BareLf::to_crlf) FERMO_CHECK(!back.bare_lf);
  return whole;
}

std::string top(const Encoded& message, std::uint64_t lines, const Pieces& pieces) {
  TopFilter filter(message.summary.header_wire_octets, lines);
  std::string passed;
  for (const auto piece : pieces) passed += filter.pass(piece);
  return passed;
}

void check_top(const Encoded& message, std::uint64_t lines, std::uint32_t seed) {
  const std::string passed = top(message, lines, {message.wire});
  FERMO_CHECK(top(message, lines, cut(message.wire, seed)) == passed);
  FERMO_CHECK(message.wire.starts_with(passed));
  FERMO_CHECK(passed.empty() || passed.ends_with("\r\n"));
  const std::string more = top(message, lines + 1, {message.wire});
  FERMO_CHECK(more.starts_with(passed) && (more.size() > passed.size() || passed == message.wire));
}

}  // namespace
}  // namespace fermo::mail

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  using namespace fermo::mail;
  FuzzedDataProvider provider(data, octets);
  const auto seed = provider.ConsumeIntegral<std::uint16_t>();
  const auto lines = provider.ConsumeIntegral<std::uint8_t>();
  const std::string text = provider.ConsumeRemainingBytesAsString();
  check_decoder(text, seed);
  check_top(check_encoder(text, WireEncoder::BareLf::keep, seed), lines, seed);
  check_top(check_encoder(text, WireEncoder::BareLf::to_crlf, seed), lines, seed);
  return 0;
}
