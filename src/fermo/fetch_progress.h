#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "fetcher/account_runner.h"

namespace fermo::commands {

/// "1.2 MB", for people.
std::string human_octets(Octets octets);

/// How far a fetch has come.
struct Amounts {
  std::uint64_t messages = 0;
  Octets octets;
};

/// "ann: [####    ] 3 of 7 messages, 1.2 MB of 2.5 MB, 600 kB/s, 2 s left", of which the last parts are left out where
/// `columns` do not hold them; never longer than that.
std::string progress_line(const std::string& account, const Amounts& all, const Amounts& done,
                          std::chrono::duration<double> lasted, std::size_t columns);

class FetchProgress;

/// Shows how fetches go: on a terminal a line for each, all written anew in place; elsewhere few plain lines.
class ProgressBoard {
 public:
  enum class Style { silent, lines, bars };
  ProgressBoard(std::ostream& err, Style style) : err_(err), style_(style) {}
  ProgressBoard(const ProgressBoard&) = delete;
  ProgressBoard& operator=(const ProgressBoard&) = delete;

  bool is_silent() const { return style_ == Style::silent; }
  /// Takes the lines away, so that something else can be printed; the next draw() puts them below that.
  void clear();

 private:
  friend class FetchProgress;
  void show(const FetchProgress& progress);
  void hide(const FetchProgress& progress);
  void draw(bool at_once);
  void say(const std::string& line) { err_ << "fermo: " << line << std::endl; }

  std::ostream& err_;
  const Style style_;
  std::vector<const FetchProgress*> shown_;
  std::size_t lines_ = 0;  ///< On the screen now.
  std::chrono::steady_clock::time_point drawn_;
};

/// One account on the board.
class FetchProgress : public fetcher::Observer {
 public:
  FetchProgress(std::string account, ProgressBoard& board) : account_(std::move(account)), board_(board) {}

  void planned(const fetcher::Work& work) override;
  void decided(const fetch::Decision&) override {}
  void received(Octets octets) override;
  void delivered(std::uint64_t messages) override;
  void ended(const fetcher::Report& report) override;

  std::string line(std::size_t columns) const;

 private:
  using Time = std::chrono::steady_clock;
  void advance();

  const std::string account_;
  ProgressBoard& board_;
  Amounts all_;
  Amounts done_;
  Time::time_point begun_ = Time::now();
  Time::time_point said_;          ///< When the last plain line was printed,
  std::uint64_t said_of_ten_ = 0;  ///< and how many tenths were done then.
};

}  // namespace fermo::commands
