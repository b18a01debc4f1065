#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/octets.h"
#include "base/result.h"
#include "fetcher/server_address.h"
#include "pop3/client_session.h"
#include "runtime/tls_client_context.h"

namespace fermo::fetcher {

/// What became of one account's fetch.
enum class Verdict {
  done,              ///< Everything that was to be done, which may have been nothing.
  incomplete,        ///< Single messages were left behind; the next run tries them again.
  messages_refused,  ///< The target refused single messages for good; all else was done.
  stopped,           ///< By the user.
  network,           ///< The server could not be reached, or the connection broke or went silent.
  busy,              ///< The server says to come again later.
  login_refused,
  settings,        ///< What the user asks for cannot be done with this server.
  certificate,     ///< The server could not prove who it is.
  protocol,        ///< What the server sends is no POP3, or somebody meddles with it.
  target_misused,  ///< The target is set up wrongly.
  target_failed,
  ledger_failed,
  in_use,              ///< Another process fetches for this account, or has the target.
  target_unreachable,  ///< Where the mail goes, nothing is taken at the moment.
  process_lost,        ///< The process of the fetch ended before the fetch did.
};
/// A short name that stays the same for ever: "login-refused".
std::string_view code(Verdict verdict);

/// One message that was left behind.
struct MessageTrouble {
  std::uint64_t number = 0;
  std::string what;  ///< A clause with its subject.
};

struct Report {
  Verdict verdict = Verdict::done;
  std::string problem;                   ///< What went wrong, one sentence without a full stop; empty when nothing did.
  std::string advice;                    ///< What to do about it; may be empty.
  bool unchanged = false;                ///< STAT was as it had been left, so nothing was looked at.
  std::uint64_t listed = 0;              ///< Messages that the server holds.
  std::uint64_t fetched = 0;             ///< Delivered as a whole in this run.
  std::uint64_t heads = 0;               ///< Delivered in part.
  std::uint64_t found = 0;               ///< That an interrupted run had delivered already.
  std::uint64_t deleted = 0;             ///< That the server has confirmed to have deleted.
  std::uint64_t refused = 0;             ///< That the target does not take, ever.
  std::uint64_t left_behind = 0;         ///< That were to be fetched or deleted and were not.
  Octets octets;                         ///< Of the messages delivered.
  std::vector<MessageTrouble> troubles;  ///< At most limits::message_troubles_max.
  std::vector<std::string> remarks;      ///< What else the user should hear.
  std::optional<std::chrono::seconds> login_delay;  ///< That the server wants between two logins (RFC 2449 §6.5).
  std::uint64_t octets_in = 0;                      ///< Of the session.
  std::uint64_t octets_out = 0;
  std::string tls;
};

/// Why a session that began did not end with a confirmed QUIT: fills in verdict, problem and advice.
void explain_end(const pop3::client::Close& close, const error_code& failure,
                 const std::optional<runtime::CertificateProblem>& certificate, Report& report);

/// Why no session began: `proxy` is the one that could not be reached itself, if that was it. Fills in verdict and
/// problem.
void explain_unreachable(const ServerAddress& server, const ProxyAddress* proxy, const error_code& failure,
                         Report& report);

}  // namespace fermo::fetcher
