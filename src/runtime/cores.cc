#include "runtime/cores.h"

#include <string>

#include <pthread.h>

#include "base/check.h"

namespace fermo::runtime {

Cores::Cores(std::size_t count) {
  FERMO_CHECK(count > 0);
  cores_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) cores_.push_back(std::make_unique<Core>());
}

Cores::~Cores() {
  stop();
}

void Cores::start() {
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    Core& core = *cores_[i];
    FERMO_CHECK(!core.thread.joinable());
    core.thread = std::thread([&core] { core.context.run(); });
    pthread_setname_np(core.thread.native_handle(), ("core-" + std::to_string(i)).c_str());
  }
}

void Cores::finish() {
  for (const auto& core : cores_) core->guard.reset();
  join();
}

void Cores::stop() {
  for (const auto& core : cores_) core->context.stop();
  join();
}

void Cores::join() {
  for (const auto& core : cores_) {
    if (core->thread.joinable()) core->thread.join();
  }
}

}  // namespace fermo::runtime
