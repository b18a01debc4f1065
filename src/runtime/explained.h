#pragma once

#include <string>
#include <utility>
#include <variant>

namespace fermo::runtime {

/// A value, or one sentence for the operator about why there is none and what to do. For the start of the program,
/// where a person reads the outcome; while it runs, failures are Result<T>.
template <class T>
class Explained {
 public:
  Explained(T value) : outcome_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  static Explained problem(std::string text) { return Explained(Problem{std::move(text)}); }

  explicit operator bool() const { return outcome_.index() == 0; }
  T& operator*() { return std::get<0>(outcome_); }
  const T& operator*() const { return std::get<0>(outcome_); }
  T* operator->() { return &std::get<0>(outcome_); }
  /// Only when there is no value.
  const std::string& problem() const { return std::get<1>(outcome_).text; }

 private:
  struct Problem {
    std::string text;
  };
  explicit Explained(Problem problem) : outcome_(std::in_place_index<1>, std::move(problem)) {}
  std::variant<T, Problem> outcome_;
};

}  // namespace fermo::runtime
