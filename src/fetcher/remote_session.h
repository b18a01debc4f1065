#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "fetcher/patience.h"
#include "pop3/client_session.h"
#include "runtime/stream.h"
#include "runtime/tls_client_context.h"
#include "runtime/watchdog.h"

namespace fermo::fetcher {

/// One connection to a POP3 server and the client core on it: does the steps that are the network's, gives out all
/// others. To be used on the thread of its executor alone.
class RemoteSession {
 public:
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  /// `tls` is not used with client::Tls::none.
  RemoteSession(runtime::Stream::Socket socket, std::shared_ptr<const runtime::TlsClientContext> tls,
                pop3::client::Settings settings);

  /// The next step that is none of Send, NeedInput and StartTls. Nothing may follow Close, which comes for a broken
  /// connection too.
  Awaitable<pop3::client::Step> next();

  /// May be given before the first next() too.
  void order(pop3::client::Order order);
  /// Sends what is ordered, as far as it may leave now, and waits for no reply. After the first next().
  Awaitable<void> send_ordered();
  /// These only after the step Ready.
  bool window_open() const { return session_->window_open(); }
  const pop3::client::SessionRecord& record() const { return session_->record(); }

  /// Lets whatever waits for the network end with Close, now.
  void stop() { stream_.cancel(); }

  /// What the network or TLS said about the end; nothing when the server ended it properly, or the limit of time did.
  const error_code& failure() const { return failure_; }
  /// Why the certificate was refused, if it was.
  std::optional<runtime::CertificateProblem> certificate_problem() const { return stream_.certificate_problem(); }
  std::string tls_summary() const { return stream_.tls_summary(); }
  std::uint64_t octets_in() const { return stream_.octets_in(); }
  std::uint64_t octets_out() const { return stream_.octets_out(); }

 private:
  Awaitable<bool> begin();
  pop3::client::Step next_of_session();
  Awaitable<void> send(pop3::client::Send step);
  Awaitable<void> read();
  Awaitable<bool> start_tls();
  sasl::ChannelBinding channel_binding() const;
  void note(const error_code& failure);
  void close();

  runtime::Stream stream_;
  std::shared_ptr<const runtime::TlsClientContext> tls_;
  pop3::client::Settings settings_;  ///< Until the session is made of them.
  std::string host_;
  std::chrono::seconds time_max_;
  runtime::Watchdog watchdog_;
  Patience patience_;
  std::uint64_t replies_ = 0;  ///< That patience_ knows of.
  std::optional<pop3::ClientSession> session_;
  std::vector<pop3::client::Order> early_orders_;
  std::optional<pop3::client::Step> step_;  ///< That send_ordered() came upon.
  std::string buffer_;
  error_code failure_;
  bool timed_out_ = false;
  bool broken_ = false;
};

}  // namespace fermo::fetcher
