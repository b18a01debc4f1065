#pragma once

#include <memory>

#include "mail/unique_id.h"
#include "maildrop/checkpoint.h"
#include "maildrop_rocks/engine.h"

namespace fermo::rocks {

/// Writes what is in memory to tables, if the disk has room, links the tables and bodies of the database, and copies
/// its log, to a folder in its own. Where the file system has no links, or Landlock forbids them (its first version),
/// all is copied. `id` is no other one's, of an earlier process neither: who still reads a checkpoint that has gone
/// must not find a later one in its place. Errors: those of CheckpointSource.
Result<std::unique_ptr<maildrop::Checkpoint>> take_checkpoint(Engine& engine, const mail::ArrivalId& id,
                                                              const Log& log);

/// Removes those that an earlier process has left.
void remove_left_checkpoints(Engine& engine, const Log& log);

}  // namespace fermo::rocks
