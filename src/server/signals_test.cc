#include "server/signals.h"

#include <atomic>
#include <csignal>
#include <future>

#include <unistd.h>

#include <gtest/gtest.h>

namespace fermo::server {
namespace {

TEST(Signals, TellStopFromReload) {
  std::promise<void> stopped;
  std::promise<void> reloaded;
  const Signals signals([&stopped] { stopped.set_value(); }, [&reloaded] { reloaded.set_value(); });
  ::kill(::getpid(), SIGHUP);
  reloaded.get_future().wait();
  ::kill(::getpid(), SIGTERM);
  stopped.get_future().wait();
}

TEST(Signals, CallForEachOneThatArrives) {
  std::atomic<int> stops = 0;
  std::promise<void> first;
  std::promise<void> second;
  const auto on_stop = [&] { (++stops == 1 ? first : second).set_value(); };
  const Signals signals(on_stop, [] {});
  ::kill(::getpid(), SIGTERM);
  first.get_future().wait();
  ::kill(::getpid(), SIGINT);
  second.get_future().wait();
  EXPECT_EQ(stops, 2);
}

}  // namespace
}  // namespace fermo::server
