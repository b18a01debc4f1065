#include "fermo/keys_process.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <spdlog/spdlog.h>

#include "fermo/role_notes.h"
#include "fermo/roles.h"
#include "keys/error.h"

namespace fermo::commands {
namespace {

using Started = runtime::Explained<std::unique_ptr<KeysProcess>>;

std::string certificate_problem(const runtime::CertificateFiles& files, const std::string& reason) {
  return "the certificate " + files.certificate.string() + " cannot be used" + reason +
         "; it must be a readable PEM file with the server's certificate first and the intermediate ones after it";
}

std::string key_problem(const runtime::CertificateFiles& files, const std::string& reason) {
  return "the key " + files.key.string() + " cannot be used" + reason +
         "; it must be a readable PEM file without a passphrase, and belong to " + files.certificate.string();
}

std::string problem_of(const runtime::CertificateFiles& files, int refusal) {
  switch (static_cast<keys::Error>(refusal)) {
    case keys::Error::bad_certificate:
      return certificate_problem(files, {});
    case keys::Error::bad_key:
      return key_problem(files, {});
    case keys::Error::wrong_key:
      return "the key " + files.key.string() + " does not belong to the certificate " + files.certificate.string();
    default:
      return "the process that holds the keys cannot be started";
  }
}

Descriptor open_to_read(const std::filesystem::path& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
}

}  // namespace

Started KeysProcess::start(const runtime::CertificateFiles& files, std::size_t connections, OnConnected on_connected,
                           std::shared_ptr<spdlog::logger> log) {
  std::unique_ptr<KeysProcess> process(new KeysProcess(connections, std::move(on_connected), std::move(log)));
  process->files_.push_back(open_to_read(files.certificate));
  if (!process->files_[0])
    return Started::problem(certificate_problem(files, std::string(": ") + std::strerror(errno)));
  process->files_.push_back(open_to_read(files.key));
  if (!process->files_[1]) return Started::problem(key_problem(files, std::string(": ") + std::strerror(errno)));
  if (!process->supervisor_.start()) return Started::problem(problem_of(files, process->refusal_));
  return process;
}

KeysProcess::KeysProcess(std::size_t connections, OnConnected on_connected, std::shared_ptr<spdlog::logger> log)
    : connections_(connections),
      on_connected_(std::move(on_connected)),
      log_(std::move(log)),
      supervisor_({"keys",
                   {"role", std::string(keys_rules().name)},
                   [this](processes::Supervisor& supervisor) { return equip(supervisor); },
                   [this](const std::string& how) {
                     if (refusal_ == 0) log_->error("the process that holds the keys {}; it is started again", how);
                   }}) {}

bool KeysProcess::equip(processes::Supervisor& supervisor) {
  if (!supervisor.send(number_of(Order::files), {}, files_) || !supervisor.send(number_of(Order::begin))) return false;
  const auto answer = supervisor.receive();
  if (!answer) return false;
  if (answer->kind == number_of(Answer::failed) && !answer->payload.empty()) refusal_ = answer->payload.front();
  const auto protection = decode_protection(answer->payload);
  if (answer->kind != number_of(Answer::ready) || !protection) return false;
  for (const std::string& missing : protection->missing) log_->warn("not confined: {} (fermo doctor)", missing);
  return connect(supervisor);
}

bool KeysProcess::connect(processes::Supervisor& supervisor) {
  std::vector<Descriptor> ours;
  std::vector<Descriptor> theirs;
  for (std::size_t i = 0; i < connections_; ++i) {
    auto pair = processes::make_pair(true);
    if (!pair) return false;
    ours.push_back(std::move(pair->first));
    theirs.push_back(std::move(pair->second));
  }
  if (!supervisor.send(number_of(Order::sockets), {}, theirs)) return false;
  on_connected_(std::move(ours));
  return true;
}

}  // namespace fermo::commands
