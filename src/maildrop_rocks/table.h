#pragma once

#include <array>
#include <cstddef>

namespace fermo::rocks {

/// The tables of the store; each is a column family. A layout that an older program could not read gets a table with a
/// new name, so that the older program refuses before it has touched anything.
enum class Table : std::size_t {
  meta,        ///< "format"; "last-arrival"; "next-drop"; "log-mark".
  drops,       ///< Drop name -> DropRecord.
  index,       ///< Drop number, arrival -> IndexRecord.
  heads,       ///< Drop number, arrival -> the trace fields, where there are any.
  bodies,      ///< Body id, chunk number -> chunk. Large values lie in blob files.
  references,  ///< Body id, drop number, arrival -> nothing: who shares a body.
  foreign,     ///< Drop number, imported unique-id -> arrival. Stays when the message goes.
  pending,     ///< Body id -> nothing: a body of several chunks that no message refers to yet.
};

inline constexpr std::size_t table_count = 8;
/// The first is RocksDB's own, which every database has.
inline constexpr std::array<const char*, table_count> table_names = {"default", "drops",      "index",   "heads",
                                                                     "bodies",  "references", "foreign", "pending"};

}  // namespace fermo::rocks
