/// Preloaded into a program (LD_PRELOAD) and all that it starts from its own file, leaves out the calls by which it
/// makes things durable, at one site: as if they had been forgotten there.
///
///   FERMO_SITES        file to which each site that is met is added, once by each process
///   FERMO_SKIP_SITE    the site where the call does nothing and says that all went well
///   FERMO_SKIP_FOLDER  instead: the folder, by its kind, of which no sync does anything, whoever asks for it
///   FERMO_SKIPPED      file to which the position of the recording is added whenever a call is left out
///   FERMO_POSITION     where that can be read
///
/// A site is the call, the file by its kind, and for a folder the function that asked, as in
///
///   fdatasync store/#.log
///   fsync store/ for rocksdb::SetIdentityFile
///   renameat data/users.new to data/users

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "crash/preloaded.h"

namespace {

using preloaded::original;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// A file of ours. A process that has confined itself, or was started by one, cannot open it any more, and one that
/// closes what it does not know has lost what was opened at its start or handed on to it: none does both before it
/// makes anything durable.
class NotesFile {
 public:
  /// `early` is the same number in all processes; low ones mean something to the program.
  NotesFile(const char* name, int flags, int early) : name_(name), flags_(flags | O_CLOEXEC), early_(early) {
    const int file = handed_on() ? -1 : open_now();
    if (file < 0) return;
    ::dup3(file, early_, O_CLOEXEC);
    ::close(file);
  }

  /// To what this process becomes. After a fork, where nothing may be allocated.
  void hand_on() const { ::fcntl(early_, F_SETFD, 0); }

  void append(std::string_view text) const {
    const int file = open();
    if (::write(file, text.data(), text.size()) < 0) std::perror(name_);
    ::close(file);
  }
  std::string content() const {
    std::array<char, 32> text{};
    const int file = open();
    const ssize_t octets = ::pread(file, text.data(), text.size(), 0);
    ::close(file);
    return {text.data(), octets > 0 ? static_cast<std::size_t>(octets) : 0};
  }

 private:
  int open_now() const {
    const std::string path = variable(name_);
    return path.empty() ? -1 : ::open(path.c_str(), flags_, 0600);
  }
  int open() const {
    const int file = open_now();
    return file >= 0 ? file : ::fcntl(early_, F_DUPFD_CLOEXEC, 0);
  }
  bool handed_on() const { return ::fcntl(early_, F_SETFD, FD_CLOEXEC) == 0; }

  const char* name_;
  int flags_;
  int early_;
};

struct Notes {
  NotesFile sites{"FERMO_SITES", O_WRONLY | O_CREAT | O_APPEND, 500};
  NotesFile skipped{"FERMO_SKIPPED", O_WRONLY | O_CREAT | O_APPEND, 501};
  NotesFile position{"FERMO_POSITION", O_RDONLY, 502};
};

const Notes& notes() {
  static const Notes all;
  return all;
}

/// Read anew at each call: the program may start threads before our own variables are made.
bool is_site(const std::string& site) {
  static std::mutex mutex;
  static std::set<std::string> seen;
  const std::lock_guard lock(mutex);
  if (seen.insert(site).second && !variable("FERMO_SITES").empty()) notes().sites.append(site + "\n");
  return site == variable("FERMO_SKIP_SITE");
}

bool is_wanted(const std::string& site, const std::string& folder = {}) {
  const bool wanted = is_site(site) || (!folder.empty() && folder == variable("FERMO_SKIP_FOLDER"));
  if (wanted) notes().skipped.append(notes().position.content());
  return wanted;
}

bool is_part_of_number(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/// The last components, with every number, digest and random name as #.
std::string kind_of(std::string_view path, int components) {
  auto begin = path.size();
  for (int left = components; left > 0 && begin != path.npos; --left) begin = path.rfind('/', begin - 1);
  if (begin != path.npos) path.remove_prefix(begin + 1);
  std::string kind;
  for (std::size_t at = 0; at < path.size();) {
    std::size_t end = at;
    bool digits = false;
    while (end < path.size() && is_part_of_number(path[end])) digits = (path[end++] <= '9') || digits;
    if (digits) {
      kind += '#';
      at = end;
    } else {
      kind += path[at++];
    }
  }
  return kind;
}

/// Every Maildir has a folder tmp, and so has the archive.
std::string kind_of_file(std::string_view path) {
  const std::string kind = kind_of(path, 2);
  return kind.starts_with("tmp/") ? kind_of(path, 3) : kind;
}

std::string path_of(int descriptor) {
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t octets = ::readlink(link.c_str(), path.data(), path.size() - 1);
  return octets < 0 ? "?" : std::string(path.data(), static_cast<std::size_t>(octets));
}

/// In libraries by its name, in the program itself as @ and its offset, for addr2line.
std::string name_of(void* address) {
  Dl_info info{};
  if (::dladdr(address, &info) == 0) return "";
  if (std::string_view(info.dli_fname).ends_with("/fermo")) {
    std::array<char, 32> text{};
    const auto offset = static_cast<std::size_t>(static_cast<char*>(address) - static_cast<char*>(info.dli_fbase));
    std::snprintf(text.data(), text.size(), "@%zx", offset - 1);
    return text.data();
  }
  if (info.dli_sname == nullptr) return "";
  int status = 0;
  char* const plain = abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status);
  std::string name = plain == nullptr ? info.dli_sname : plain;
  std::free(plain);
  return name.substr(0, name.find('('));
}

bool only_hands_on(const std::string& name) {
  constexpr std::array prefixes{"rocksdb::PosixDirectory", "rocksdb::FileSystem", "rocksdb::FSDirectory",
                                "rocksdb::Directory",      "rocksdb::Composite",  "rocksdb::IOStatus"};
  if (name.empty() || name == "fsync" || name == "fdatasync") return true;
  for (const std::string_view prefix : prefixes) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

/// Who asked for a folder to be synced: the first function that does not only hand it on, or the first four of the
/// program itself, where helpers stand between.
std::string caller() {
  std::array<void*, 32> frames{};
  const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  std::string ours;
  int found = 0;
  for (int n = 2; n < count && found < 4; ++n) {
    const std::string name = name_of(frames[static_cast<std::size_t>(n)]);
    if (ours.empty() && only_hands_on(name)) continue;
    if (!name.starts_with('@')) return ours.empty() ? " for " + name : ours;
    ours += (ours.empty() ? " for " : "") + name;
    ++found;
  }
  return ours;
}

bool is_sync_wanted(const char* call, int descriptor) {
  struct stat status{};
  const std::string path = path_of(descriptor);
  if (::fstat(descriptor, &status) != 0) return false;
  if (S_ISDIR(status.st_mode)) {
    const std::string folder = kind_of(path, 1) + "/";
    return is_wanted(std::string(call) + " " + folder + caller(), folder);
  }
  return is_wanted(std::string(call) + " " + kind_of_file(path));
}

std::string path_at(int folder, const char* path) {
  return folder == AT_FDCWD || *path == '/' ? std::string(path) : path_of(folder) + "/" + path;
}

preloaded::Inheritance<7>& inheritance() {
  static preloaded::Inheritance<7> all({"LD_PRELOAD", "FERMO_SITES", "FERMO_SKIP_SITE", "FERMO_SKIP_FOLDER",
                                        "FERMO_SKIPPED", "FERMO_POSITION", "ASAN_OPTIONS"});
  return all;
}

__attribute__((constructor)) void begin() {
  inheritance();
  notes();
}

template <class Rename>
int rename_at_site(const char* call, const std::string& from, const std::string& to, Rename rename) {
  return is_wanted(std::string(call) + " " + kind_of_file(from) + " to " + kind_of_file(to)) ? 0 : rename();
}

}  // namespace

extern "C" {

int execve(const char* path, char* const arguments[], char* const environment[]) noexcept {
  if (std::strcmp(path, "/proc/self/exe") == 0) {
    for (const NotesFile* file : {&notes().sites, &notes().skipped, &notes().position}) file->hand_on();
  }
  return inheritance().execute(path, arguments, environment);
}
int fsync(int fd) {
  return is_sync_wanted("fsync", fd) ? 0 : original<int (*)(int)>("fsync")(fd);
}
int fdatasync(int fd) {
  return is_sync_wanted("fdatasync", fd) ? 0 : original<int (*)(int)>("fdatasync")(fd);
}
int rename(const char* from, const char* to) noexcept {
  return rename_at_site("rename", from, to,
                        [&] { return original<int (*)(const char*, const char*)>("rename")(from, to); });
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return rename_at_site("renameat", path_at(from_folder, from), path_at(to_folder, to), [&] {
    return original<int (*)(int, const char*, int, const char*)>("renameat")(from_folder, from, to_folder, to);
  });
}
int link(const char* from, const char* to) noexcept {
  return rename_at_site("link", from, to,
                        [&] { return original<int (*)(const char*, const char*)>("link")(from, to); });
}

}  // extern "C"
