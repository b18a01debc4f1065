#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/check.h"
#include "base/limits.h"
#include "imap/append_session.h"
#include "pieces.h"

/// One IMAP session with a hostile server. No password leaves without TLS; a message counts as appended only after all
/// of it was sent; what is kept of headers and findings is bounded. What comes out does not depend on whether a line
/// arrives whole.
///
/// The input: one octet of settings, and what the server says. A line "<TLS>" in it is where the handshake ends.
namespace {

using namespace fermo::imap;

constexpr std::string_view handshake = "<TLS>\n";
constexpr std::string_view content = "Subject: x\r\n\r\nbody\r\n";

class Player {
 public:
  explicit Player(unsigned flags) : session_(settings_of(flags)), tls_active_((flags & 1U) == 0) {}

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
    settings.tls = (flags & 1U) == 0 ? Tls::implicit : Tls::starttls;
    settings.user = "ann";
    settings.secret = fermo::Secret((flags & 2U) == 0 ? "tanstaaf" : "t\xc3\xa4nstaaf");
    settings.token = (flags & 4U) != 0;
    settings.folder = "INBOX";
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
    sent_ = false;
    switch (orders_++) {
      case 0:
        return session_.search({content.size(), "Message-ID", "<\"1\"@x>"});
      case 1:
        return session_.fetch_header(7);
      case 2:
      case 3:
        return session_.append({content.size(), fermo::mail::DateTime()});
      default:
        return session_.logout();
    }
  }
  void take(const Send& send) {
    FERMO_CHECK(!send.secret || tls_active_);
    trace_ += send.octets;
  }
  void take(const StartTls&) { tls_awaited_ = true; }
  void take(const NeedContent&) {
    FERMO_CHECK(!sent_);
    sent_ = true;
    session_.content(content);
  }
  void take(const Appended&) {
    FERMO_CHECK(sent_);
    trace_ += std::to_string(session_.uid_next());
    trace_ += "appended\n";
  }
  void take(const Refused& refused) { trace_ += refused.for_good ? "refused\n" : "deferred\n"; }
  void take(const Found& found) {
    FERMO_CHECK(found.uids.size() <= fermo::limits::imap_found_max);
    trace_ += "found " + std::to_string(found.uids.size()) + "\n";
  }
  void take(const Header& header) {
    FERMO_CHECK(header.octets.size() <= fermo::limits::head_identity_octets_max);
    trace_ += "header " + header.octets + "\n";
  }
  void take(const Close& close) {
    FERMO_CHECK(!close.message_unknown || sent_);
    closed_ = true;
    trace_ += "close " + std::to_string(static_cast<int>(close.end)) + "\n";
  }

  AppendSession session_;
  std::string trace_;
  unsigned orders_ = 0;
  bool tls_active_;
  bool tls_awaited_ = false;
  bool sent_ = false;
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
