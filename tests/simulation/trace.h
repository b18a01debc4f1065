#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/octets.h"
#include "pop3/simulation.h"

namespace fermo::simulation {

using pop3::simulation::Chance;
using pop3::simulation::Time;

/// What happened, line by line: shown to whoever wants to see it, and folded into one number, by which two runs are
/// known to be the same.
class Trace {
 public:
  using Show = std::function<void(std::string_view line)>;

  /// `show` may be empty.
  explicit Trace(Show show) : show_(std::move(show)) {}

  void at(Time now) { now_ = now; }
  void note(std::string_view who, std::string_view what);

  std::uint64_t digest() const { return digest_; }
  std::uint64_t events() const { return events_; }

 private:
  Show show_;
  Time now_{0};
  std::uint64_t digest_ = 0xCBF29CE484222325;
  std::uint64_t events_ = 0;
};

/// Of a text that is too long to be shown: its length and a digest.
std::string summary(std::string_view octets);

}  // namespace fermo::simulation
