#pragma once

#include <memory>

#include "maildrop_rocks/health.h"

namespace rocksdb {
class EventListener;
}

namespace fermo::rocks {

/// Tells `health` when work in the background of the engine fails.
std::shared_ptr<rocksdb::EventListener> background_listener(std::shared_ptr<Health> health);

}  // namespace fermo::rocks
