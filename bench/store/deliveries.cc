// Durable deliveries a second of a 20 KB message: the embedded store against the way of Maildir (write, fsync, rename,
// fsync of the folder), in the same run on the same disk.  deliveries FOLDER [SECONDS]
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "delivering.h"
#include "maildrop_rocks/rocks_maildrop.h"

namespace {

using namespace fermo;
using bench::give_up;
using std::chrono::steady_clock;

constexpr std::size_t message_octets = 20'000;

std::string message() {
  std::string wire = "Subject: bench\r\n\r\n";
  while (wire.size() < message_octets) wire += "All work and no play makes Jack a dull boy, line by line by line.\r\n";
  return wire;
}

/// How often a second all threads together get through `deliver`, which is told its thread and its turn.
double rate(unsigned threads, double seconds, const std::function<void(unsigned, unsigned)>& deliver) {
  std::atomic<std::uint64_t> done = 0;
  const auto begin = steady_clock::now();
  const auto end = begin + std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(seconds));
  std::vector<std::thread> workers;
  for (unsigned thread = 0; thread < threads; ++thread) {
    workers.emplace_back([&, thread] {
      for (unsigned turn = 0; steady_clock::now() < end; ++turn, ++done) deliver(thread, turn);
    });
  }
  for (std::thread& worker : workers) worker.join();
  return static_cast<double>(done) / std::chrono::duration<double>(steady_clock::now() - begin).count();
}

void deliver_to_maildir(const std::string& folder, const std::string& name, const std::string& wire) {
  const std::string temporary = folder + "/tmp/" + name;
  const std::string final_name = folder + "/new/" + name;
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (file < 0 || ::write(file, wire.data(), wire.size()) != static_cast<ssize_t>(wire.size()) || fsync(file) != 0) {
    give_up("cannot write " + temporary);
  }
  ::close(file);
  if (rename(temporary.c_str(), final_name.c_str()) != 0) give_up("cannot rename " + temporary);
  const int directory = ::open((folder + "/new").c_str(), O_RDONLY | O_DIRECTORY);
  if (directory < 0 || fsync(directory) != 0) give_up("cannot sync " + folder);
  ::close(directory);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) give_up("deliveries FOLDER [SECONDS]");
  const std::filesystem::path folder = arguments[1];
  const double seconds = count > 2 ? std::atof(arguments[2]) : 5;
  const std::string wire = message();
  const SystemClock clock;
  rocks::Settings settings;
  settings.path = folder / "store";
  settings.clock = &clock;
  std::filesystem::create_directories(folder);
  const auto store = rocks::RocksMaildrop::open(settings).value();

  std::printf("%8s %14s %14s %8s\n", "threads", "Maildir /s", "store /s", "ratio");
  for (const unsigned threads : {1U, 8U, 32U}) {
    std::vector<std::string> maildirs;
    std::vector<DropId> drops;
    for (unsigned thread = 0; thread < threads; ++thread) {
      drops.push_back(*DropId::from("user" + std::to_string(thread)));
      maildirs.push_back((folder / ("maildir" + std::to_string(thread))).string());
      for (const char* part : {"/tmp", "/new"}) std::filesystem::create_directories(maildirs.back() + part);
    }
    const double maildir_rate = rate(threads, seconds, [&](unsigned thread, unsigned turn) {
      const std::string name = std::to_string(threads) + "." + std::to_string(thread) + "." + std::to_string(turn);
      deliver_to_maildir(maildirs[thread], name, wire);
    });
    const double store_rate =
        rate(threads, seconds, [&](unsigned thread, unsigned) { bench::deliver(*store, drops[thread], wire); });
    std::printf("%8u %14.0f %14.0f %8.2f\n", threads, maildir_rate, store_rate, store_rate / maildir_rate);
    std::fflush(stdout);
  }
}
