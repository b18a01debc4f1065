#pragma once

#include <vector>

#include "maildrop_rocks/open_store.h"

namespace fermo::rocks {

/// Deletes these messages of a drop in one durable step; those that are gone already count as done. Errors: as
/// Engine::write, corrupt.
Result<void> delete_messages(OpenStore& store, const DropId& drop, DropNumber number,
                             const std::vector<mail::ArrivalId>& arrivals);

}  // namespace fermo::rocks
