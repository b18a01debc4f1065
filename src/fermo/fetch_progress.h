#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

#include "fetcher/account_runner.h"

namespace fermo::commands {

/// "1.2 MB", for people.
std::string human_octets(Octets octets);

/// Shows how a fetch goes: one line that is written anew on a terminal, and few plain lines elsewhere.
class FetchProgress final : public fetcher::Observer {
 public:
  enum class Style { silent, lines, bar };
  FetchProgress(std::ostream& err, Style style) : err_(err), style_(style) {}

  void planned(const fetch::Plan& plan) override;
  void received(Octets octets) override;
  void delivered(std::uint64_t messages) override;

  /// Takes the bar away.
  void finish();
  /// The plan, once it is known.
  const fetch::Plan& plan() const { return plan_; }

 private:
  using Time = std::chrono::steady_clock;
  void draw(bool now);

  std::ostream& err_;
  const Style style_;
  fetch::Plan plan_;
  std::uint64_t messages_ = 0;
  Octets octets_;
  std::uint64_t messages_done_ = 0;
  Octets octets_done_;
  Time::time_point begun_ = Time::now();
  Time::time_point drawn_;
  bool shown_ = false;
};

}  // namespace fermo::commands
