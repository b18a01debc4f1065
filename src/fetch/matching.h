#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fetch/plan.h"

/// The first half of a plan: which listed message is which known one.
namespace fermo::fetch {

struct Match {
  enum class How {
    fresh,        ///< Nothing is known about it.
    known,        ///< `record` is about it.
    head_needed,  ///< Only its head can tell.
    by_content,   ///< Only the whole message can tell.
    unknowable,   ///< Nothing can tell today.
    reused_id,    ///< Nothing is known about it, but `replaced` was known under the same key.
  };
  How how = How::fresh;
  std::string key;
  std::optional<std::size_t> record;    ///< Index into Input::known.
  std::optional<std::size_t> replaced;  ///< Index into Input::known: this record must give up its key.
};

struct Matching {
  std::vector<Match> matches;         ///< One for each listed message.
  std::vector<std::size_t> unlisted;  ///< Indices into Input::known that no message was matched with.
  UniqueIds unique_ids = UniqueIds::trusted;
  /// In a complete listing every unique-id equals its message-number: it may be nothing but that, though nothing has
  /// shown it yet.
  bool ids_are_numbers = false;
  std::vector<std::string> remarks;
};

Matching match(const Input& input);

}  // namespace fermo::fetch
