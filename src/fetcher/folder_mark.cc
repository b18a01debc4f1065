#include "fetcher/folder_mark.h"

#include <sys/stat.h>

#include <cerrno>

#include "fetch/error.h"

namespace fermo::fetcher {

Result<std::string> folder_mark(const std::filesystem::path& folder) {
  struct stat status{};
  if (::stat(folder.empty() ? "." : folder.c_str(), &status) != 0) return fetch::from_errno(errno);
  return std::to_string(status.st_dev) + "-" + std::to_string(status.st_ino);
}

}  // namespace fermo::fetcher
