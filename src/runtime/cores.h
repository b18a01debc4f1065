#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace fermo::runtime {

/// Threads that each run one event loop of their own. What begins on a core stays there, so nothing on it needs a lock.
class Cores {
 public:
  explicit Cores(std::size_t count);
  /// Stops and joins.
  ~Cores();
  Cores(const Cores&) = delete;
  Cores& operator=(const Cores&) = delete;

  std::size_t size() const { return cores_.size(); }
  boost::asio::io_context& at(std::size_t index) { return cores_.at(index)->context; }

  /// Starts the threads. What was posted before begins now.
  void start();
  /// Lets each loop end when it has nothing left to do, and waits for that.
  void finish();
  /// Ends each loop after the handler it is in, and waits for that. What is pending stays unrun until destruction.
  void stop();

 private:
  struct Core {
    Core() : context(1), guard(context.get_executor()) {}  // 1: one thread runs it (Asio's concurrency hint)
    boost::asio::io_context context;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard;
    std::thread thread;
  };
  void join();

  std::vector<std::unique_ptr<Core>> cores_;
};

}  // namespace fermo::runtime
