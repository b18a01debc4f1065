#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "maildrop/maildrop.h"

/// What the benchmarks of the store share.
namespace fermo::bench {

/// At once, also in a process that was forked.
[[noreturn]] inline void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::_Exit(1);
}

inline void deliver(maildrop::Store& store, const DropId& drop, const std::string& wire) {
  auto delivery = store.begin_delivery();
  if (delivery.has_error()) give_up(delivery.error().message());
  if ((*delivery)->append(wire).has_error()) give_up("append failed");
  const Octets octets{wire.size()};
  const maildrop::Recipient recipient{drop, "", std::nullopt};
  const auto finished = (*delivery)->finish({octets, octets, Octets{18}}, {&recipient, 1}, Timestamp{});
  if (finished.has_error()) give_up(finished.error().message());
}

}  // namespace fermo::bench
