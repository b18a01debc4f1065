#pragma once

#include <filesystem>

namespace fermo::crash {

/// Does to a store what a version with another layout might have done.
void add_table_of_a_newer_version(const std::filesystem::path& store);

}  // namespace fermo::crash
