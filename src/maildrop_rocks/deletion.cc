#include "maildrop_rocks/deletion.h"

#include <map>

#include "maildrop/error.h"
#include "maildrop_rocks/scan.h"

namespace fermo::rocks {
namespace {

using maildrop::Error;

struct Body {
  std::uint32_t chunks = 0;
  std::uint64_t references_removed = 0;
};

/// One deletion: looks at what is still there, and gathers what must go.
class Deletion {
 public:
  Deletion(OpenStore& store, DropNumber drop) : store_(store), drop_(drop), batch_(store.engine()) {}

  Result<void> add(const mail::ArrivalId& arrival) {
    const std::string key = index_key(drop_, arrival);
    const auto value = store_.engine().get(Table::index, key);
    if (value.has_error()) return value.error();
    if (!*value) return {};
    const auto record = decode_index(key, **value);
    if (!record) return Error::corrupt;
    batch_.erase(Table::index, key);
    if (record->trace_octets > 0) batch_.erase(Table::heads, key);
    change_.messages -= 1;
    change_.octets -= static_cast<std::int64_t>(record->summary.octets.value);
    if (record->shared) {
      batch_.erase(Table::references, reference_key(record->body, drop_, arrival));
      Body& body = shared_[record->body];
      body.chunks = record->chunks;
      ++body.references_removed;
    } else {
      erase_body(record->body, record->chunks);
    }
    return {};
  }

  Result<void> commit(const DropId& drop) {
    if (change_.messages == 0) return {};
    std::set<BodyId> bodies;
    for (const auto& [id, body] : shared_) bodies.insert(id);
    const auto locks = store_.lock_bodies(bodies);
    for (const auto& [id, body] : shared_) {
      const auto found = references_up_to(id, body.references_removed + 1);
      if (found.has_error()) return found.error();
      if (*found <= body.references_removed) erase_body(id, body.chunks);
    }
    batch_.merge(Table::drops, drop.text(), encode(drop.text(), change_));
    return store_.engine().write(batch_, Engine::Durability::synced);
  }

 private:
  /// How many references a body has; counting ends at `count`.
  Result<std::uint64_t> references_up_to(const BodyId& body, std::uint64_t count) {
    const std::string prefix = arrival_key(body);
    std::uint64_t found = 0;
    Scan references(store_.engine(), Table::references, prefix, after_prefix(prefix));
    while (found < count && references.next()) ++found;
    if (const auto status = references.status(); status.has_error()) return status.error();
    return found;
  }

  void erase_body(const BodyId& body, std::uint32_t chunks) {
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) batch_.erase(Table::bodies, chunk_key(body, chunk));
  }

  OpenStore& store_;
  const DropNumber drop_;
  Batch batch_;
  DropChange change_;
  std::map<BodyId, Body> shared_;
};

}  // namespace

Result<void> delete_messages(OpenStore& store, const DropId& drop, DropNumber number,
                             const std::vector<mail::ArrivalId>& arrivals) {
  const auto locks = store.lock_drops({number});
  Deletion deletion(store, number);
  for (const mail::ArrivalId& arrival : arrivals) {
    if (const auto added = deletion.add(arrival); added.has_error()) return added;
  }
  return deletion.commit(drop);
}

}  // namespace fermo::rocks
