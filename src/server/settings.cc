#include "server/settings.h"

#include <spdlog/spdlog.h>

#include "runtime/self_signed.h"
#include "server/tls_source.h"

namespace fermo::server {
namespace {

using Tls = std::shared_ptr<const runtime::TlsContext>;

/// What stands in the files, with the key in this process.
runtime::Explained<Tls> load_files(const config::Config& config, spdlog::logger& log) {
  const auto files = certificate_files(config, log);
  if (!files) return runtime::Explained<Tls>::problem(files.problem());
  return runtime::TlsContext::load(*files, alpn_protocol);
}

runtime::Explained<Tls> load_tls(const config::Config& config, TlsSource* source, spdlog::logger& log) {
  auto tls = source != nullptr ? source->load(config, log) : load_files(config, log);
  if (tls) log.info("certificate {}", (*tls)->summary());
  return tls;
}

std::vector<std::string> texts(const std::vector<config::Listen>& listens) {
  std::vector<std::string> all;
  for (const config::Listen& listen : listens) all.push_back(listen.text());
  return all;
}

}  // namespace

runtime::Explained<runtime::CertificateFiles> certificate_files(const config::Config& config, spdlog::logger& log) {
  using Outcome = runtime::Explained<runtime::CertificateFiles>;
  if (!config.tls.certificate.empty()) return runtime::CertificateFiles{config.tls.certificate, config.tls.key};
  const auto self_signed = runtime::ensure_self_signed(config.data / "tls", config.host_name);
  if (!self_signed) return Outcome::problem(self_signed.problem());
  const runtime::SelfSigned& made = *self_signed;
  const std::string file = made.files.certificate.string();
  log.warn(
      "{} the self-signed certificate {}: mail programs will warn about it; name a real one with tls.certificate and "
      "tls.key",
      made.made ? "made" : "using", file);
  return made.files;
}

runtime::Explained<std::shared_ptr<const Settings>> make_settings(const config::Config& config, TlsSource* tls_source,
                                                                  spdlog::logger& log) {
  using Outcome = runtime::Explained<std::shared_ptr<const Settings>>;
  auto networks = Networks::parse(config.lmtp_networks);
  if (!networks) return Outcome::problem("lmtp.networks: " + networks.problem());
  auto tls = load_tls(config, tls_source, log);
  if (!tls) return Outcome::problem(tls.problem());
  Settings settings = {config, std::move(*tls), std::move(*networks)};
  return std::make_shared<const Settings>(std::move(settings));
}

std::vector<std::string> keys_for_restart(const config::Config& before, const config::Config& after) {
  std::vector<std::string> keys;
  const auto compare = [&keys](const char* key, bool same) {
    if (!same) keys.emplace_back(key);
  };
  compare("data", before.data == after.data);
  compare("users", before.users == after.users);
  compare("listen", texts(before.listen) == texts(after.listen));
  compare("threads.protocol", before.threads == after.threads);
  compare("threads.store", before.store_threads == after.store_threads);
  compare("threads.hash", before.hash_threads == after.hash_threads);
  compare("logins.guesses_per_address_max", before.guesses_per_address_max == after.guesses_per_address_max);
  compare("logins.guesses_per_account_max", before.guesses_per_account_max == after.guesses_per_account_max);
  compare("limits.free_octets_min", before.free_octets_min == after.free_octets_min);
  compare("protection", before.protection == after.protection);
  compare("log.format", before.log_format == after.log_format);
  return keys;
}

}  // namespace fermo::server
