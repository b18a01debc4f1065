#include "confine/confinement.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace fermo::confine {
namespace {

bool drop_capabilities() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    // Without CAP_SETPCAP the set stays; no_new_privs makes that harmless.
    ::prctl(PR_CAPBSET_DROP, capability);
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

bool forbid_core_dumps() {
  constexpr rlimit none{0, 0};
  return ::setrlimit(RLIMIT_CORE, &none) == 0 && ::prctl(PR_SET_DUMPABLE, 0) == 0;
}

std::string because(const std::string& what, const error_code& error) {
  return what + ": " + error.message();
}

/// What the Landlock of older kernels does not know of.
void note_gaps(int abi, std::vector<std::string>& missing) {
  const std::string version = "this kernel's Landlock (version " + std::to_string(abi) + ") does not cover ";
  if (abi < 3) missing.push_back(version + "truncating files");
  if (abi < 4) missing.push_back(version + "TCP");
  if (abi < 6) missing.push_back(version + "signals and abstract sockets");
}

}  // namespace

bool has_sanitizer() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
  return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer);
#else
  return false;
#endif
}

Protection confine(std::span<const PathRule> paths) {
  Protection protection;
  if (has_sanitizer()) {
    protection.missing.emplace_back("this is a build with a sanitizer, which confines nothing");
    return protection;
  }
  protection.privileges = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && forbid_core_dumps() && drop_capabilities();
  if (!protection.privileges) {
    protection.missing.push_back(
        because("privileges could not be given up", {errno, boost::system::system_category()}));
  }
  if (const auto restricted = restrict_files_and_network(paths); restricted) {
    protection.landlock_abi = landlock_abi();
    note_gaps(protection.landlock_abi, protection.missing);
  } else {
    protection.missing.push_back(
        because("files and the network stay open, because this kernel does not give Landlock", restricted.error()));
  }
  return protection;
}

void confine_calls(const Calls& calls, Protection& protection, const Calls& refused) {
  if (has_sanitizer()) return;
  if (const auto filtered = allow_only(calls, refused); filtered) {
    protection.filter = true;
  } else {
    protection.missing.push_back(
        because("system calls stay open, because this kernel does not filter them", filtered.error()));
  }
}

}  // namespace fermo::confine
