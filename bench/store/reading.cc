// Messages read from the embedded store, in the process that has it and by way of the process with the network, and
// what a bare socket carries of the same octets, all in the same run.  reading FOLDER [SECONDS]
//
// The ceiling is the socket: what the way through another process may cost is one copy more.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "delivering.h"
#include "maildrop_ipc/channel_service.h"
#include "maildrop_ipc/grants.h"
#include "maildrop_ipc/remote_store.h"
#include "maildrop_rocks/rocks_maildrop.h"

namespace {

using namespace fermo;
using bench::give_up;
using std::chrono::steady_clock;

constexpr std::array<std::size_t, 3> sizes = {4'000, 64'000, 1'000'000};
constexpr std::size_t octets_of_a_drop = std::size_t{32} << 20;

template <class T>
T value_of(Result<T> result) {
  if (result.has_error()) give_up(result.error().message());
  return std::move(*result);
}

DropId drop_of(std::size_t size) {
  return *DropId::from("octets" + std::to_string(size));
}

struct Cost {
  double octets_a_second;
  double processor_seconds_a_gigabyte;
};

using ProcessorTime = std::function<double()>;

double processor_time(clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) give_up("no clock of the processor time");
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double own_processor_time() {
  return processor_time(CLOCK_PROCESS_CPUTIME_ID);
}

/// What `some` costs, which carries octets and says how many, done over and over.
Cost measure(double seconds, const ProcessorTime& used, const std::function<std::size_t()>& some) {
  const double used_before = used();
  const auto begin = steady_clock::now();
  double passed = 0;
  double octets = 0;
  while (passed < seconds) {
    octets += static_cast<double>(some());
    passed = std::chrono::duration<double>(steady_clock::now() - begin).count();
  }
  return {octets / passed, (used() - used_before) / (octets * 1e-9)};
}

void fill(maildrop::Store& store, std::size_t size) {
  std::string wire = "Subject: bench\r\n\r\n";
  while (wire.size() < size) wire += std::to_string(std::rand()) + " all work and no play makes Jack a dull boy\r\n";
  for (std::size_t left = octets_of_a_drop / size; left > 0; --left) bench::deliver(store, drop_of(size), wire);
}

/// Each message of the drop in its turn.
std::function<std::size_t()> reader(maildrop::Snapshot& snapshot) {
  return [&snapshot, number = std::uint64_t{0}]() mutable {
    number = number % snapshot.drop_listing().messages + 1;
    const auto cursor = value_of(snapshot.read(*MessageNumber::from(number)));
    std::size_t octets = 0;
    for (std::string piece; value_of(cursor->next(piece));) octets += piece.size();
    return octets;
  };
}

Cost bare_socket(double seconds, std::size_t size) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) != 0) give_up("no sockets");
  std::thread sender([end = pair[1], octets = std::string(std::min(size, limits::message_piece_octets_max), 'x')] {
    while (::send(end, octets.data(), octets.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  std::string space(limits::message_piece_octets_max, '\0');
  const Cost cost = measure(seconds, own_processor_time, [&] {
    const ssize_t got = ::recv(pair[0], space.data(), space.size(), 0);
    if (got <= 0) give_up("the socket ended");
    return static_cast<std::size_t>(got);
  });
  ::shutdown(pair[0], SHUT_RDWR);
  sender.join();
  for (const int end : pair) ::close(end);
  return cost;
}

/// The process that has the store: what it costs to read there goes to `out`, then it serves `socket`.
void be_store(const std::filesystem::path& folder, double seconds, int out, int socket) {
  const SystemClock clock;
  rocks::Settings settings;
  settings.path = folder / "store";
  settings.clock = &clock;
  std::filesystem::create_directories(folder);
  const auto store = rocks::RocksMaildrop::open(settings).value();
  maildrop_ipc::Grants grants;
  for (const std::size_t size : sizes) {
    fill(*store, size);
    const auto snapshot = value_of(store->open(drop_of(size)));
    const auto read_one = reader(*snapshot);
    for (std::size_t left = snapshot->drop_listing().messages; left > 0; --left) read_one();  // from the page cache
    const Cost cost = measure(seconds, own_processor_time, read_one);
    if (::write(out, &cost, sizeof cost) != sizeof cost) give_up("nobody listens");
  }
  for (const std::size_t size : sizes) {
    if (!grants.add(drop_of(size), maildrop_ipc::Grants::Clock::now())) give_up("no grant");
  }
  ::close(out);
  std::vector<Descriptor> sockets;
  sockets.emplace_back(socket);
  maildrop_ipc::serve_channels(*store, grants, std::move(sockets));
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) give_up("reading FOLDER [SECONDS]");
  const double seconds = count > 2 ? std::atof(arguments[2]) : 3;
  std::array<int, 2> results{}, sockets{};
  if (::pipe(results.data()) != 0 || ::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) != 0) give_up("no sockets");
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(results[0]);
    ::close(sockets[0]);
    be_store(arguments[1], seconds, results[1], sockets[1]);
    std::_Exit(0);
  }
  ::close(results[1]);
  ::close(sockets[1]);
  std::array<Cost, sizes.size()> direct{};
  for (Cost& cost : direct) {
    if (::read(results[0], &cost, sizeof cost) != sizeof cost) give_up("the other process failed");
  }
  ipc::SocketPool pool{limits::store_ipc_reply_time_max};
  std::vector<Descriptor> ours;
  ours.emplace_back(sockets[0]);
  pool.replace(std::move(ours));
  const auto remote = maildrop_ipc::RemoteStore::over(pool);
  clockid_t clock_of_child{};
  if (::clock_getcpuclockid(child, &clock_of_child) != 0) give_up("no clock of the other process");

  std::printf("%10s %26s %26s %26s %8s %8s\n", "octets", "in its process", "through the other", "a bare socket",
              "speed", "costs");
  std::vector<std::unique_ptr<maildrop::Snapshot>> snapshots;
  for (const std::size_t size : sizes)
    snapshots.push_back(value_of(remote->open(drop_of(size))));  // a grant is short-lived
  for (std::size_t n = 0; n < sizes.size(); ++n) {
    const Cost through =
        measure(seconds, [&] { return own_processor_time() + processor_time(clock_of_child); }, reader(*snapshots[n]));
    const Cost bare = bare_socket(seconds, sizes[n]);
    std::printf("%10zu", sizes[n]);
    for (const Cost& cost : {direct[n], through, bare}) {
      std::printf("   %7.0f MB/s %6.2f s/GB", cost.octets_a_second * 1e-6, cost.processor_seconds_a_gigabyte);
    }
    const double copies = (through.processor_seconds_a_gigabyte - direct[n].processor_seconds_a_gigabyte) /
                          bare.processor_seconds_a_gigabyte;
    std::printf(" %7.2f %8.2f\n", through.octets_a_second / direct[n].octets_a_second, copies);
    std::fflush(stdout);
  }
  snapshots.clear();
  pool.replace({});
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}
