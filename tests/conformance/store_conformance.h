#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "maildrop/maildrop.h"

/// What every maildrop::Store must do, whatever it keeps its mail on. A store takes the suite by linking
/// `maildrop_conformance` and saying, in one file of its own test:
///
///   FERMO_STORE_CONFORMANCE(Rocks, {.name = "rocks", .make = [] { return std::make_unique<RocksUnderTest>(); }});
namespace fermo::conformance {

/// One store that nobody else uses, empty at first.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;

  virtual maildrop::Store& store() = 0;
  /// Closes the store and opens it again, as a restart does; no delivery and no snapshot is alive. A store that keeps
  /// nothing may do nothing here.
  virtual void reopen() = 0;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
  /// False for a store that holds its messages in memory, which then cannot be bounded.
  bool bounded_memory = true;
};

inline void PrintTo(const StoreKind& kind, std::ostream* out) {
  *out << kind.name;
}

class StoreConformance : public testing::TestWithParam<StoreKind> {
 protected:
  maildrop::Store& store() { return under_test_->store(); }
  void reopen() { under_test_->reopen(); }
  /// Goes on with an empty store.
  void renew() {
    under_test_.reset();
    under_test_ = GetParam().make();
  }

 private:
  std::unique_ptr<StoreUnderTest> under_test_ = GetParam().make();
};

}  // namespace fermo::conformance

#define FERMO_STORE_CONFORMANCE(NAME, ...)                                                                       \
  INSTANTIATE_TEST_SUITE_P(NAME, StoreConformance, testing::Values(::fermo::conformance::StoreKind __VA_ARGS__), \
                           [](const auto& kind) { return kind.param.name; })
