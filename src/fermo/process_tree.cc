#include "fermo/process_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/limits.h"
#include "fermo/key_problem.h"
#include "fermo/role_users.h"
#include "processes/note_socket.h"
#include "server/thread_counts.h"

namespace fermo::commands {
namespace {

using processes::Supervisor;

std::string payload_of(Role role) {
  return {static_cast<char>(number_of(role))};
}

bool talk(Role one, Role other) {
  if (one == other) return false;
  if (one == Role::net || other == Role::net) return true;
  return one != Role::keys && other != Role::keys;  // auth and store
}

std::string silence_of(Role role) {
  return "the " + std::string(name_of(role)) + " process did not answer within " +
         std::to_string(limits::reload_time_max.count()) + " s";
}

std::vector<Descriptor> list_of(Descriptor only) {
  std::vector<Descriptor> list;
  list.push_back(std::move(only));
  return list;
}

/// The ends of as many connections.
struct Pairs {
  std::vector<Descriptor> first;
  std::vector<Descriptor> second;
};

Result<Pairs> make_pairs(std::size_t count) {
  Pairs pairs;
  for (; count > 0; --count) {
    auto pair = processes::make_pair(true);
    if (!pair) return pair.error();
    pairs.first.push_back(std::move(pair->first));
    pairs.second.push_back(std::move(pair->second));
  }
  return pairs;
}

/// What is wrong; empty when both are open.
std::string open_files(const runtime::CertificateFiles& files, std::vector<Descriptor>& opened) {
  for (const auto& path : {files.certificate, files.key}) {
    opened.emplace_back(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!opened.back()) return file_problem(files, path, std::strerror(errno));
  }
  return {};
}

std::string lack_of_protection(const confine::Protection& protection) {
  std::string text = "protection = \"required\" is configured, and this kernel cannot give it:";
  for (const std::string& missing : protection.missing) text += " " + missing + ";";
  return text +
         " Linux 5.13 or later with Landlock (lsm= on its command line may leave it out) and seccomp can; "
         "protection = \"possible\" does without";
}

}  // namespace

ProcessTree::ProcessTree(config::Config config, std::vector<server::ListeningPort> ports, Descriptor control,
                         const Descriptor& lock, std::filesystem::path roles, std::shared_ptr<spdlog::logger> log)
    : config_(std::move(config)),
      log_(std::move(log)),
      control_(list_of(std::move(control))),
      lock_(lock),
      roles_(std::move(roles)),
      config_in_force_(config_),
      ports_(std::move(ports)) {
  for (const Role role : all_roles) {
    if (roles_.empty()) identities_[static_cast<std::size_t>(role)] = identity_of(role);
  }
  member(Role::store).supervisor = supervise(Role::store, &ProcessTree::equip_store);
  member(Role::auth).supervisor = supervise(Role::auth, &ProcessTree::equip_auth);
  member(Role::net).supervisor = supervise(Role::net, &ProcessTree::equip_net);
}

ProcessTree::~ProcessTree() {
  stop();
}

Supervisor::Role ProcessTree::supervised(Role role) const {
  const std::string name(name_of(role));
  Supervisor::Role supervised{name, {"role", name}, {}, {}};
  if (!roles_.empty()) supervised.socket = roles_ / name;
  supervised.identity = identities_[static_cast<std::size_t>(role)];
  supervised.kept = lock_.get();
  return supervised;
}

std::unique_ptr<Supervisor> ProcessTree::supervise(Role role, bool (ProcessTree::*equip)(Supervisor&)) {
  Supervisor::Role one = supervised(role);
  one.equip = [this, equip](Supervisor& supervisor) { return (this->*equip)(supervisor); };
  one.report = [this, role](const std::string& how) { lost(role, how); };
  return std::make_unique<Supervisor>(std::move(one));
}

std::unique_ptr<Supervisor> ProcessTree::supervise_keys(const std::shared_ptr<Keys>& keys) {
  Supervisor::Role one = supervised(Role::keys);
  one.equip = [this, keys](Supervisor& supervisor) { return equip_keys(*keys, supervisor); };
  one.report = [this, keys](const std::string& how) {
    const std::lock_guard lock(mutex_);
    if (keys->in_use) note_loss(Role::keys, how);
  };
  return std::make_unique<Supervisor>(std::move(one));
}

// --- Starting --------------------------------------------------------------------------------------------------------

Outcome<void> ProcessTree::start(const runtime::CertificateFiles& files, const confine::Protection& own,
                                 const Console& console) {
  Refusal refusal;
  const auto is_enough = [&] {
    const std::lock_guard lock(mutex_);
    return suffices(own, refusal);
  };
  if (!is_enough()) {
    console.complain(refusal.text);
    return ExitCode::unavailable;
  }
  keys_ = std::make_shared<Keys>();
  keys_->in_use = true;
  if (const std::string problem = open_files(files, keys_->files); !problem.empty()) {
    console.complain(problem);
    return ExitCode::unavailable;
  }
  member(Role::keys).supervisor = supervise_keys(keys_);
  for (const Role role : all_roles) {
    if (!member(role).supervisor->start()) return complain(role, files, console);
  }
  return {};
}

ExitCode ProcessTree::complain(Role role, const runtime::CertificateFiles& files, const Console& console) {
  const std::lock_guard lock(mutex_);
  const Refusal& refusal = role == Role::keys ? keys_->refusal : member(role).refusal;
  if (role == Role::keys && refusal.text.empty()) {
    console.complain(key_problem(files, refusal.reason));
    return ExitCode::unavailable;
  }
  const bool known = !refusal.text.empty();
  const std::string ended = "the " + std::string(name_of(role)) + " process cannot begin: it " + member(role).end;
  console.complain(known ? refusal.text : ended);
  return known ? static_cast<ExitCode>(refusal.reason) : ExitCode::software;
}

void ProcessTree::lost(Role role, const std::string& how) {
  const std::lock_guard lock(mutex_);
  note_loss(role, how);
}

void ProcessTree::note_loss(Role role, const std::string& how) {
  Member& lost = member(role);
  lost.takes = false;
  lost.end = how;
  // One that was refused its work says so itself, at the start or in reload().
  if (std::exchange(lost.ready, false)) log_->error("the {} process {}; it is started again", name_of(role), how);
}

bool ProcessTree::configure(Supervisor& supervisor, const config::Config& config) const {
  Descriptor text = config_descriptor(config);
  return text && supervisor.send(number_of(Order::configuration), {}, list_of(std::move(text)));
}

bool ProcessTree::equip_keys(Keys& keys, Supervisor& supervisor) {
  supervisor.send(number_of(Order::files), {}, keys.files);
  supervisor.send(
      number_of(Order::begin));  // may fail: it has ended by now when it could not use the files, and said so
  const bool in_time = supervisor.has_something(limits::reload_time_max);
  const auto answer = in_time ? supervisor.receive() : std::nullopt;
  const std::lock_guard lock(mutex_);
  if (!in_time) keys.refusal = {number_of(ExitCode::temporary_failure), silence_of(Role::keys)};
  if (!take_answer(answer, keys.refusal)) return false;
  if (!keys.in_use) return true;
  member(Role::keys).ready = true;
  return join(Role::keys);
}

bool ProcessTree::equip_store(Supervisor& supervisor) {
  return configure(supervisor, config_) && supervisor.send(number_of(Order::control), {}, control_) &&
         supervisor.send(number_of(Order::begin)) && await_ready(Role::store, supervisor);
}

bool ProcessTree::equip_auth(Supervisor& supervisor) {
  {
    const std::lock_guard lock(mutex_);
    if (!configure(supervisor, config_in_force_)) return false;
  }
  return supervisor.send(number_of(Order::begin)) && await_ready(Role::auth, supervisor);
}

/// It needs its connections to begin: the certificates come over one of them.
bool ProcessTree::equip_net(Supervisor& supervisor) {
  {
    const std::lock_guard lock(mutex_);
    if (!configure(supervisor, config_in_force_) || !send_ports(supervisor)) return false;
    if (!join(Role::net) || !supervisor.send(number_of(Order::begin))) return false;
  }
  return await_ready(Role::net, supervisor);
}

bool ProcessTree::send_ports(Supervisor& supervisor) const {
  for (const server::ListeningPort& port : ports_) {
    for (std::size_t sent = 0; sent < port.sockets.size(); sent += limits::note_descriptors_max) {
      std::vector<Descriptor> some;
      const std::size_t end = std::min(port.sockets.size(), sent + limits::note_descriptors_max);
      for (std::size_t i = sent; i < end; ++i) some.emplace_back(::fcntl(port.sockets[i].get(), F_DUPFD_CLOEXEC, 0));
      if (!supervisor.send(number_of(Order::port), port.listen.text(), some)) return false;
    }
  }
  return true;
}

bool ProcessTree::await_ready(Role role, Supervisor& supervisor) {
  const auto answer = supervisor.receive();
  const std::lock_guard lock(mutex_);
  Member& self = member(role);
  const bool ready = take_answer(answer, self.refusal);
  if (!ready && !self.refusal.text.empty())
    log_->error("the {} process cannot begin: {}", name_of(role), self.refusal.text);
  self.ready = ready;
  return ready && (self.takes || join(role));
}

/// Whether a process is ready; why it is not, if it says.
bool ProcessTree::take_answer(const std::optional<processes::Note>& answer, Refusal& refusal) {
  if (!answer) return false;
  if (answer->kind == number_of(Answer::failed)) {
    if (auto decoded = decode_refusal(answer->payload)) refusal = std::move(*decoded);
    return false;
  }
  const auto protection = decode_protection(answer->payload);
  return answer->kind == number_of(Answer::ready) && protection && suffices(*protection, refusal);
}

/// Whether what protects a process is enough for this configuration. What is missing is logged, once for all of them.
bool ProcessTree::suffices(const confine::Protection& protection, Refusal& refusal) {
  if (config_.protection == config::Protection::required && !protection.stands()) {
    refusal = {static_cast<std::uint8_t>(ExitCode::unavailable), lack_of_protection(protection)};
    return false;
  }
  if (!protection.missing.empty() && !std::exchange(warned_, true)) {
    log_->warn("the processes are not confined as they should be: {} (fermo doctor says more)",
               protection.missing.front());
  }
  return true;
}

// --- Connecting ------------------------------------------------------------------------------------------------------

/// From now on this one takes connections: it gets some with each other one that does. False: there are none to give,
/// so that it is of no use.
bool ProcessTree::join(Role role) {
  Member& self = member(role);
  self.takes = true;
  for (const Role other : all_roles) {
    Member& peer = member(other);
    if (!talk(role, other) || !peer.takes) continue;
    const auto linked = link(role, *self.supervisor, other, *peer.supervisor);
    if (linked) continue;
    const std::string name(name_of(role));
    self.ready = false;
    self.refusal = {number_of(ExitCode::temporary_failure),
                    "the " + name + " process cannot be connected with the others: " + linked.error().message()};
    log_->error(self.refusal.text);
    return false;
  }
  return true;
}

/// When one of them is gone by now, it gets new ones once it is back. Errors: the system's.
Result<void> ProcessTree::link(Role one, Supervisor& to_one, Role other, Supervisor& to_other) const {
  const auto pairs = make_pairs(connections(one, other));
  if (!pairs) return pairs.error();
  to_one.send(number_of(Order::sockets), payload_of(other), pairs->first);
  to_other.send(number_of(Order::sockets), payload_of(one), pairs->second);
  return {};
}

std::size_t ProcessTree::connections(Role one, Role other) const {
  const auto between = [&](Role a, Role b) { return (one == a && other == b) || (one == b && other == a); };
  std::size_t count = server::login_threads(config_);  // auth and store: one for each login
  if (between(Role::net, Role::keys)) count = server::protocol_threads(config_);
  if (between(Role::net, Role::store)) count = server::store_threads(config_);
  // Recipients are looked up from other threads than logins, and must not wait behind hashes.
  if (between(Role::net, Role::auth)) count = server::login_threads(config_) + server::protocol_threads(config_);
  return std::min(count, limits::note_descriptors_max);
}

// --- Renewing --------------------------------------------------------------------------------------------------------

/// What takes effect only after a restart stays for a process that is started again, too.
config::Config ProcessTree::in_force(const config::Config& config) const {
  config::Config mixed = config;
  mixed.data = config_.data;
  mixed.users = config_.users;
  mixed.listen = config_.listen;
  mixed.threads = config_.threads;
  mixed.store_threads = config_.store_threads;
  mixed.hash_threads = config_.hash_threads;
  mixed.guesses_per_address_max = config_.guesses_per_address_max;
  mixed.guesses_per_account_max = config_.guesses_per_account_max;
  mixed.free_octets_min = config_.free_octets_min;
  mixed.log_format = config_.log_format;
  mixed.protection = config_.protection;
  return mixed;
}

void ProcessTree::reload(config::Config config, const runtime::CertificateFiles& files) {
  const std::vector<std::string> problems = renew(config, files);
  for (const std::string& problem : problems) log_->error("not reloaded: {}", problem);
  if (problems.empty()) log_->info("the configuration has been reloaded");
}

/// What kept it from being done.
std::vector<std::string> ProcessTree::renew(const config::Config& config, const runtime::CertificateFiles& files) {
  auto keys = std::make_shared<Keys>();
  if (std::string problem = open_files(files, keys->files); !problem.empty()) return {std::move(problem)};
  auto supervisor = supervise_keys(keys);
  if (!supervisor->start()) {
    return {keys->refusal.text.empty() ? key_problem(files, keys->refusal.reason) : keys->refusal.text};
  }
  std::list<std::unique_ptr<Supervisor>> ended;  // each waits, as it goes, for a thread that may wait for the mutex
  const std::lock_guard lock(mutex_);
  ended = without_processes();
  if (auto problems = hand_to_net(config, *supervisor); !problems.empty()) return problems;
  use(std::move(keys), std::move(supervisor));
  config_in_force_ = in_force(config);
  configure(*member(Role::auth).supervisor, config_in_force_);  // one that is gone gets it when it is started again
  return {};
}

/// With the mutex held, so that no other process of net is equipped meanwhile.
std::vector<std::string> ProcessTree::hand_to_net(const config::Config& config, Supervisor& keys) {
  const Member& net = member(Role::net);
  auto pairs = make_pairs(connections(Role::net, Role::keys));
  if (!net.ready || !pairs || !keys.send(number_of(Order::sockets), payload_of(Role::net), pairs->second) ||
      !net.supervisor->send(number_of(Order::new_keys), {}, pairs->first) || !configure(*net.supervisor, config)) {
    return {"the net process is being started anew; try again"};
  }
  if (!net.supervisor->has_something(limits::reload_time_max)) {
    net.supervisor->kill();
    return {silence_of(Role::net) + "; it is killed, and started again with the configuration before"};
  }
  const auto answer = net.supervisor->receive();
  auto reloaded = answer ? decode_reloaded(answer->payload) : std::nullopt;
  if (!reloaded) return {"the net process was lost; it has the configuration before"};
  for (const auto& key : reloaded->need_restart) log_->warn("{} has changed; it takes effect after a restart", key);
  return std::move(reloaded->problems);
}

/// Retired ones whose last session has ended.
std::list<std::unique_ptr<Supervisor>> ProcessTree::without_processes() {
  std::list<std::unique_ptr<Supervisor>> ended;
  for (auto at = retired_.begin(); at != retired_.end();) {
    const auto one = at++;
    if (!(*one)->running()) ended.splice(ended.end(), retired_, one);
  }
  return ended;
}

void ProcessTree::use(std::shared_ptr<Keys> keys, std::unique_ptr<Supervisor> supervisor) {
  Member& self = member(Role::keys);
  keys_->in_use = false;
  self.supervisor->expect_end();
  self.supervisor->send(number_of(Order::drain));
  retired_.push_back(std::exchange(self.supervisor, std::move(supervisor)));
  keys_ = std::move(keys);
  keys_->in_use = true;
  self.ready = true;
  self.takes = true;
}

// --- Ending ----------------------------------------------------------------------------------------------------------

/// Or clients would wait in a queue that nobody takes them from.
void ProcessTree::close_ports() {
  for (const server::ListeningPort& port : ports_) {
    if (!port.listen.unix_path.empty()) ::unlink(port.listen.unix_path.c_str());
  }
  ports_.clear();
}

void ProcessTree::drain() {
  const std::lock_guard lock(mutex_);
  close_ports();
  member(Role::net).supervisor->expect_end();
  member(Role::net).supervisor->send(number_of(Order::drain));
}

void ProcessTree::wait() {
  Supervisor& net = *member(Role::net).supervisor;
  net.await_expected_end();
  std::chrono::seconds time_max = limits::process_end_time_max;
  {
    const std::lock_guard lock(mutex_);
    time_max += config_in_force_.drain_time_max;
  }
  if (net.has_ended(time_max)) return;
  log_->error("the net process did not end within {} s; it is killed", time_max.count());
  net.kill();
}

void ProcessTree::stop() {
  {
    const std::lock_guard lock(mutex_);
    close_ports();
  }
  for (const Role role : {Role::net, Role::auth, Role::keys, Role::store}) {
    const auto& supervisor = member(role).supervisor;
    if (supervisor && !supervisor->stop()) {
      log_->error("the {} process did not end within {} s; it was killed", name_of(role),
                  limits::process_end_time_max.count());
    }
  }
  retired_.clear();
}

}  // namespace fermo::commands
