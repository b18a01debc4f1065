#include "fetcher/report.h"

#include <array>
#include <utility>

#include "base/failure.h"
#include "runtime/error.h"

namespace fermo::fetcher {
namespace {

using pop3::client::Close;
using pop3::client::End;
using pop3::client::ResponseCode;
using Kind = runtime::CertificateProblem::Kind;

std::string with_words(std::string text, const Close& close) {
  if (!close.text.empty()) text += ": " + close.text;
  if (!close.sasl_error.empty()) text += " (" + close.sasl_error + ")";
  return text;
}

bool is_passing(ResponseCode code) {
  return code == ResponseCode::in_use || code == ResponseCode::login_delay || code == ResponseCode::sys_temp;
}

std::string_view advice_for(ResponseCode code) {
  switch (code) {
    case ResponseCode::in_use:
      return "another session holds the maildrop; try again when it has ended";
    case ResponseCode::login_delay:
      return "the server wants more time between two logins; fetch less often";
    case ResponseCode::sys_temp:
      return "the server has a passing problem; try again later";
    case ResponseCode::sys_perm:
      return "the server has a problem that its operator has to solve";
    default:
      return "";
  }
}

void set(Report& report, Verdict verdict, std::string problem, std::string_view advice = {}) {
  report.verdict = verdict;
  report.problem = std::move(problem);
  report.advice = advice;
}

std::string advice_for(const runtime::CertificateProblem& problem) {
  const std::string key = problem.key ? runtime::text_of(*problem.key) : std::string();
  const std::string pin = "if it is your own server, compare its key with " + key + " and give --pin " + key;
  switch (problem.kind) {
    case Kind::wrong_host:
      return "name the server as its certificate does";
    case Kind::expired:
      return "whoever runs the server has to renew it; is the clock of this machine right?";
    case Kind::not_yet_valid:
      return "is the clock of this machine right?";
    case Kind::self_signed:
      return pin + ", or give --ca with a file that holds this certificate";
    case Kind::unknown_issuer:
      return pin + ", or give --ca with a file that holds the certificate of its issuer";
    case Kind::wrong_key:
      return "it shows " + key +
             "; unless the operator of the server says that it was changed, somebody may be "
             "listening";
    case Kind::other:
      break;
  }
  return {};
}

void explain_tls(const error_code& failure, const std::optional<runtime::CertificateProblem>& certificate,
                 Report& report) {
  if (certificate) {
    set(report, Verdict::certificate, "the server's certificate is refused: " + certificate->text,
        advice_for(*certificate));
    return;
  }
  const bool broken = failure == runtime::Error::truncated || failure.category() == boost::system::system_category();
  if (broken) {
    set(report, Verdict::network, "the connection broke while TLS began: " + failure.message(),
        "does the server speak TLS at this port? pop3s:// is for port 995, pop3+stls:// for port 110");
    return;
  }
  set(report, Verdict::protocol, "TLS could not begin: " + failure.message(),
      "does the server speak TLS at this port? pop3s:// is for port 995, pop3+stls:// for port 110");
}

void explain_login(const Close& close, Report& report) {
  if (is_passing(close.code)) {
    return set(report, Verdict::busy, with_words("the server lets nobody in at the moment", close),
               advice_for(close.code));
  }
  const auto advice = close.code == ResponseCode::sys_perm || close.code == ResponseCode::expire
                          ? "the account has to be put right at the provider"
                          : "check user and password; many providers want POP3 to be switched on first, and a password "
                            "made for programs (app password)";
  set(report, Verdict::login_refused, with_words("the login was refused", close), advice);
}

}  // namespace

std::string_view code(Verdict verdict) {
  static constexpr std::array<std::string_view, 16> codes = {
      "done",          "incomplete", "messages-refused",   "stopped",     "network",        "busy",
      "login-refused", "settings",   "certificate",        "protocol",    "target-misused", "target-failed",
      "ledger-failed", "in-use",     "target-unreachable", "process-lost"};
  return codes.at(static_cast<std::size_t>(verdict));
}

void explain_end(const Close& close, const error_code& failure,
                 const std::optional<runtime::CertificateProblem>& certificate, Report& report) {
  switch (close.end) {
    case End::quit:
      return;
    case End::quit_failed:
      return set(report, Verdict::incomplete,
                 with_words("the server could not delete everything that it was told to", close),
                 "the next run deletes what is left");
    case End::turned_away:
      return set(report, Verdict::busy, with_words("the server turns everybody away", close), advice_for(close.code));
    case End::stls_not_offered:
      return set(report, Verdict::protocol, "the server does not offer STLS, or somebody in between hides that it does",
                 "nothing was sent; try pop3s://");
    case End::stls_refused:
      return set(report, Verdict::protocol, with_words("the server refuses to begin TLS", close),
                 "nothing was sent; try pop3s://");
    case End::tls_failed:
      return explain_tls(failure, certificate, report);
    case End::injected:
      return set(report, Verdict::protocol, "somebody put words into the connection before TLS began: " + close.text,
                 "nothing was sent");
    case End::remembered_outdated:
      return set(report, Verdict::incomplete, "the server can do other things than it could before",
                 "the next run takes another look");
    case End::no_login_method:
      return set(report, Verdict::settings, "the server offers no way to log in that may be used here",
                 "without TLS no password is sent, unless that is allowed");
    case End::credentials_unusable:
      return set(report, Verdict::settings, "user or password hold characters that cannot be sent");
    case End::login_refused:
      return explain_login(close, report);
    case End::server_not_authentic:
      return set(report, Verdict::protocol, "the server does not know the password, though it pretends to",
                 "somebody may be in between");
    case End::message_too_large:
      return set(report, Verdict::protocol, "the server sends a message without an end");
    case End::disconnected:
      return set(report, Verdict::network,
                 with_words(failure ? "the connection broke (" + failure.message() + ")"
                                    : std::string("the server closed the connection"),
                            close));
    case End::timed_out:
      return set(report, Verdict::network, "the server did not answer in time");
    case End::protocol_violation:
      return set(report, Verdict::protocol, with_words("the server sends what is no POP3", close));
  }
}

void explain_unreachable(const ServerAddress& server, const ProxyAddress* proxy, const error_code& failure,
                         Report& report) {
  const std::string host = proxy == nullptr ? server.host : "the proxy " + proxy->host;
  const std::uint16_t port = proxy == nullptr ? server.port : proxy->port;
  // A proxy that refuses for what it is told, or for how it is set up, will do so again.
  report.verdict = failure == Failure::permanent ? Verdict::settings : Verdict::network;
  report.problem = "cannot reach " + host + " at port " + std::to_string(port) + ": " + failure.message();
}

}  // namespace fermo::fetcher
