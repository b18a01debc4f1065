#pragma once

#include <array>
#include <stop_token>

#include "maildrop/backup.h"
#include "maildrop_rocks/engine.h"

namespace fermo::rocks {

/// Adds a backup of the database to a folder of backups, and removes what one that was cut off has left there. Each of
/// `stops` ends it early. Only one at a time may write to a folder.
maildrop::BackupSource::Made make_backup(Engine& engine, const maildrop::BackupOrder& order,
                                         const std::array<std::stop_token, 2>& stops);

}  // namespace fermo::rocks
