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

using Capabilities = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

/// Those of `all` that are in `numbers`; none of them is inherited.
Capabilities chosen(const Capabilities& all, std::span<const int> numbers) {
  Capabilities some{};
  for (const int capability : numbers) {
    const auto word = static_cast<std::size_t>(CAP_TO_INDEX(capability));
    const auto bit = static_cast<std::uint32_t>(CAP_TO_MASK(capability));
    some.at(word).permitted |= all.at(word).permitted & bit;
    some.at(word).effective |= all.at(word).effective & bit;
  }
  return some;
}

bool have_nothing_but(const Capabilities& all, std::span<const int> one, std::span<const int> other) {
  const Capabilities in_one = chosen(all, one);
  const Capabilities in_other = chosen(all, other);
  for (std::size_t word = 0; word < all.size(); ++word) {
    if ((all.at(word).permitted & ~(in_one.at(word).permitted | in_other.at(word).permitted)) != 0) return false;
  }
  return true;
}

/// All but those in `kept`, for this process; whatever it executes has none of them, root's programs neither.
bool drop_capabilities(std::span<const int> kept = {}, std::span<const int> useless = {}) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    // Without CAP_SETPCAP the set stays; no_new_privs makes that harmless.
    if (::prctl(PR_CAPBSET_READ, capability) == 1) ::prctl(PR_CAPBSET_DROP, capability);
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  Capabilities had{};
  if ((!kept.empty() || !useless.empty()) && ::syscall(SYS_capget, &header, had.data()) != 0) return false;
  const Capabilities left = chosen(had, kept);
  if (::syscall(SYS_capset, &header, left.data()) == 0) return true;
  return !useless.empty() && have_nothing_but(had, kept, useless);
}

bool forbid_core_dumps() {
  constexpr rlimit none{0, 0};
  return ::setrlimit(RLIMIT_CORE, &none) == 0 && ::prctl(PR_SET_DUMPABLE, 0) == 0;
}

std::string because(const std::string& what, const error_code& error) {
  return what + ": " + error.message();
}

/// Mail is moved from one folder of a Maildir to another.
constexpr int abi_without_moves = 1;

/// What the Landlock of older kernels does not know of.
void note_gaps(int abi, std::vector<std::string>& missing) {
  const std::string version = "this kernel's Landlock (version " + std::to_string(abi) + ") does not cover ";
  if (abi < 3) missing.push_back(version + "truncating files");
  if (abi < 4) missing.push_back(version + "TCP");
  if (abi < 6) missing.push_back(version + "signals and abstract sockets");
}

bool can_confine(Protection& protection) {
  if (!has_sanitizer()) return true;
  protection.missing.emplace_back("this is a build with a sanitizer, which confines nothing");
  return false;
}

void note_privileges(bool given_up, Protection& protection) {
  protection.privileges = given_up;
  if (given_up) return;
  protection.missing.push_back(because("privileges could not be given up", {errno, boost::system::system_category()}));
}

void restrict_to(std::span<const PathRule> paths, std::span<const std::uint16_t> ports, Protection& protection,
                 AbstractSockets abstract_sockets = AbstractSockets::closed) {
  if (const auto restricted = restrict_files_and_network(paths, ports, abstract_sockets); restricted) {
    protection.landlock_abi = landlock_abi();
    note_gaps(protection.landlock_abi, protection.missing);
  } else {
    protection.missing.push_back(
        because("files and the network stay open, because this kernel does not give Landlock", restricted.error()));
  }
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

bool give_up_privileges() {
  return !has_sanitizer() && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && forbid_core_dumps();
}

bool close_memory() {
  return !has_sanitizer() && ::prctl(PR_SET_DUMPABLE, 0) == 0;
}

Protection confine(std::span<const PathRule> paths) {
  Protection protection;
  if (!can_confine(protection)) return protection;
  const bool dropped = give_up_privileges() && drop_capabilities();
  note_privileges(dropped, protection);
  restrict_to(paths, {}, protection);
  return protection;
}

Protection confine_client(std::span<const PathRule> paths, std::span<const std::uint16_t> ports) {
  Protection protection;
  if (!can_confine(protection)) return protection;
  note_privileges(give_up_privileges(), protection);
  if (landlock_abi() == abi_without_moves) {
    protection.missing.emplace_back(
        "files stay open, because this kernel's Landlock (version 1) would forbid to move them between folders");
  } else {
    restrict_to(paths, ports, protection);
  }
  return protection;
}

Protection confine_parent(const Kept& kept) {
  Protection protection;
  if (!can_confine(protection)) return protection;
  const bool dropped = give_up_privileges() && drop_capabilities(kept.capabilities, kept.useless_capabilities);
  note_privileges(dropped, protection);
  restrict_to(kept.paths, {}, protection, kept.abstract_sockets);
  return protection;
}

void confine_calls(const Calls& calls, Protection& protection, const Calls& refused, Forbidden others) {
  if (has_sanitizer()) return;
  if (const auto filtered = allow_only(calls, refused, others); filtered) {
    protection.filter = true;
  } else {
    protection.missing.push_back(
        because("system calls stay open, because this kernel does not filter them", filtered.error()));
  }
}

}  // namespace fermo::confine
