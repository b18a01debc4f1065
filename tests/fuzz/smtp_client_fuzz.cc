#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/check.h"
#include "pieces.h"
#include "smtp/client_session.h"

/// One SMTP or LMTP session with a hostile server. No password leaves without TLS; a message is asked for only once the
/// server has said that it may come, and is delivered only after all of it was sent. What comes out does not depend on
/// whether a line arrives whole.
///
/// The input: one octet of settings, and what the server says. A line "<TLS>" in it is where the handshake ends.
namespace {

using namespace fermo::smtp::client;

constexpr std::string_view handshake = "<TLS>\n";
constexpr std::string_view content = ".one\r\n.two\r\n";

class Player {
 public:
  explicit Player(unsigned flags) : session_(settings_of(flags)), tls_active_((flags & 3U) == 1) {
    message_.recipient = (flags & 16U) != 0 ? "\xc3\xa4@x" : "ann@x";
    message_.octets = content.size();
    message_.line_octets_max = (flags & 32U) != 0 ? 1000 : 4;
    message_.eight_bit = (flags & 64U) != 0;
  }

  void play(std::string_view input, bool in_pieces) {
    const std::size_t all = input.size();
    obey();
    while (!input.empty() && !closed_) {
      if (tls_awaited_) {
        const auto end = input.find(handshake);
        input.remove_prefix(end == std::string_view::npos ? input.size() : end + handshake.size());
        tls_awaited_ = false;
        tls_active_ = end != std::string_view::npos;
        session_.answer({tls_active_, {}});
      } else {
        const std::size_t line = std::min(input.find('\n'), input.size() - 1) + 1;
        const std::size_t octets = in_pieces ? fermo::fuzz::piece_within_line(input, all) : line;
        session_.receive(input.substr(0, octets));
        input.remove_prefix(octets);
      }
      obey();
    }
    if (tls_awaited_) session_.answer({false, {}});
    tls_awaited_ = false;
    FERMO_CHECK(session_.time_limit() > std::chrono::seconds(0));
    all % 3 == 1 ? session_.expire() : session_.end_of_input();
    obey();
    FERMO_CHECK(closed_);
  }

  const std::string& trace() const { return trace_; }

 private:
  static Settings settings_of(unsigned flags) {
    Settings settings;
    settings.tls = static_cast<Tls>((flags & 3U) % 3);
    settings.protocol = (flags & 4U) != 0 ? Protocol::lmtp : Protocol::smtp;
    if ((flags & 8U) != 0) settings.login = {"ann", fermo::Secret("tanstaaf"), (flags & 128U) != 0};
    return settings;
  }

  void obey() {
    while (!closed_ && !tls_awaited_) {
      Step step = session_.next();
      if (std::holds_alternative<NeedInput>(step)) return;
      std::visit([this](const auto& one) { take(one); }, step);
    }
  }

  void take(const NeedInput&) {}
  void take(const Idle&) {
    given_ = false;
    ++messages_ <= 3 ? session_.send(message_) : session_.quit();
  }
  void take(const Send& send) {
    FERMO_CHECK(!send.secret || tls_active_);
    trace_ += send.octets;
  }
  void take(const StartTls&) { tls_awaited_ = true; }
  void take(const NeedContent&) {
    if (given_) {
      all_sent_ = true;
      return session_.end_content();
    }
    given_ = true;
    session_.content(content);
  }
  void take(const MessageDone& done) {
    FERMO_CHECK(done.outcome != MessageDone::Outcome::delivered || all_sent_);
    all_sent_ = false;
    trace_ += "done " + std::to_string(static_cast<int>(done.outcome)) + "\n";
  }
  void take(const Close& close) {
    FERMO_CHECK(!close.message_unknown || all_sent_);
    closed_ = true;
    trace_ += "close " + std::to_string(static_cast<int>(close.end)) + "\n";
  }

  ClientSession session_;
  Message message_;
  std::string trace_;
  unsigned messages_ = 0;
  bool tls_active_;
  bool tls_awaited_ = false;
  bool given_ = false;
  bool all_sent_ = false;
  bool closed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return -1;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  Player in_pieces(data[0]);
  in_pieces.play(input, true);
  Player by_line(data[0]);
  by_line.play(input, false);
  // The client's nonce is new each time.
  const bool random = by_line.trace().find("SCRAM") != std::string::npos;
  FERMO_CHECK(random || in_pieces.trace() == by_line.trace());
  return 0;
}
