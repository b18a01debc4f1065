#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "simulation/trace.h"

namespace fermo::simulation {

/// One end of a line.
class End {
 public:
  virtual ~End() = default;

  virtual void receive(std::string_view octets) = 0;
  /// The other end sends nothing more.
  virtual void end_of_input() = 0;
  /// The time that time_limit() allows has passed without an octet.
  virtual void expire() = 0;

  /// Octets for the other end that were not taken yet.
  virtual std::string take_sent() = 0;
  virtual bool over() const = 0;
  virtual std::chrono::seconds time_limit() const = 0;
};

class ServerEnd : public End {
 public:
  /// Waits for octets, and only then does the time limit run.
  virtual bool waits() const = 0;
  /// The time limit counts from the begin of the session, whatever the peer sends.
  virtual bool limited_from_start() const = 0;
  /// Has something to do that takes a while: work() ends it.
  virtual bool works() const = 0;
  virtual void work() = 0;
};

/// Obeys a protocol core of the server. `Protocol` names its types; `Self` has take(step) for each step that is not
/// obeyed here. What blocks becomes work that ends later.
template <class Self, class Protocol>
class CoreDriver : public ServerEnd {
 public:
  void receive(std::string_view octets) final {
    inbox_ += octets;
    proceed();
  }
  void end_of_input() final {
    input_ended_ = true;
    proceed();
  }
  void expire() final {
    session_.expire();
    waiting_ = false;
    proceed();
  }
  std::string take_sent() final { return std::exchange(sent_, {}); }
  bool over() const final { return over_; }
  std::chrono::seconds time_limit() const final { return session_.time_limit(); }
  bool waits() const final { return waiting_; }
  bool works() const final { return static_cast<bool>(work_); }
  void work() final {
    const auto ended = std::exchange(work_, {});
    ended();
    proceed();
  }

 protected:
  using Session = typename Protocol::Session;

  explicit CoreDriver(Session session) : session_(std::move(session)) {}

  /// Obeys steps until something must be waited for.
  void proceed() {
    while (!over_ && !work_ && !(waiting_ && !take_input())) {
      auto step = session_.next();
      waiting_ = std::holds_alternative<typename Protocol::NeedInput>(step);
      if (!waiting_) std::visit([this](auto& concrete) { this->obey(concrete); }, step);
    }
  }
  void later(std::function<void()> work) { work_ = std::move(work); }
  void send(std::string_view octets) { sent_ += octets; }
  Session& session() { return session_; }
  const Session& session() const { return session_; }

 private:
  template <class Step>
  void obey(Step& step) {
    if constexpr (std::is_same_v<Step, typename Protocol::Send>) {
      send(step.octets);
    } else if constexpr (std::is_same_v<Step, typename Protocol::Close>) {
      over_ = true;
      static_cast<Self&>(*this).ended(step);
    } else if constexpr (!std::is_same_v<Step, typename Protocol::NeedInput>) {
      static_cast<Self&>(*this).take(step);
    }
  }

  /// What came while it worked has waited. False: nothing is there.
  bool take_input() {
    if (!inbox_.empty()) {
      session_.receive(std::exchange(inbox_, {}));
    } else if (std::exchange(input_ended_, false)) {
      session_.end_of_input();
    } else {
      return false;
    }
    waiting_ = false;
    return true;
  }

  Session session_;
  std::function<void()> work_;
  std::string inbox_;
  std::string sent_;
  bool input_ended_ = false;
  bool waiting_ = false;
  bool over_ = false;
};

}  // namespace fermo::simulation
