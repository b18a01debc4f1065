#include "fermo/role_notes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/limits.h"
#include "base/wire_fields.h"

namespace fermo::commands {
namespace {

/// More than there are reasons.
constexpr std::size_t sentences_max = 64;

void put(FieldWriter& out, const std::vector<std::string>& sentences) {
  const std::size_t count = std::min(sentences.size(), sentences_max);
  out.number(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) out.octets(sentences[i]);
}

std::vector<std::string> get_sentences(FieldReader& in) {
  std::vector<std::string> sentences;
  for (std::size_t left = in.count(sentences_max); left > 0; --left) {
    sentences.emplace_back(in.octets(limits::note_octets_max));
  }
  return sentences;
}

}  // namespace

std::string_view name_of(Role role) {
  switch (role) {
    case Role::keys:
      return "keys";
    case Role::store:
      return "store";
    case Role::auth:
      return "auth";
    case Role::net:
      return "net";
  }
  return "unknown";
}

std::string encode(const confine::Protection& protection) {
  FieldWriter out;
  out.number(static_cast<std::uint8_t>(protection.privileges));
  out.number(static_cast<std::uint8_t>(protection.filter));
  out.number(static_cast<std::uint32_t>(protection.landlock_abi));
  put(out, protection.missing);
  return out.take();
}

std::optional<confine::Protection> decode_protection(std::string_view payload) {
  FieldReader in(payload);
  confine::Protection protection;
  protection.privileges = in.number<std::uint8_t>() == 1;
  protection.filter = in.number<std::uint8_t>() == 1;
  protection.landlock_abi = static_cast<int>(in.number<std::uint32_t>());
  protection.missing = get_sentences(in);
  if (!in.whole()) return std::nullopt;
  return protection;
}

std::string encode(const Refusal& refusal) {
  FieldWriter out;
  out.number(refusal.reason);
  out.octets(std::string_view(refusal.text).substr(0, limits::note_octets_max / 2));
  return out.take();
}

std::optional<Refusal> decode_refusal(std::string_view payload) {
  FieldReader in(payload);
  Refusal refusal;
  refusal.reason = in.number<std::uint8_t>();
  refusal.text = in.octets(limits::note_octets_max);
  if (!in.whole()) return std::nullopt;
  return refusal;
}

std::string encode(const Reloaded& reloaded) {
  FieldWriter out;
  put(out, reloaded.problems);
  put(out, reloaded.need_restart);
  return out.take();
}

std::optional<Reloaded> decode_reloaded(std::string_view payload) {
  FieldReader in(payload);
  Reloaded reloaded;
  reloaded.problems = get_sentences(in);
  reloaded.need_restart = get_sentences(in);
  if (!in.whole()) return std::nullopt;
  return reloaded;
}

Descriptor config_descriptor(const config::Config& config) {
  const std::string text = config::describe(config);
  Descriptor memory(::memfd_create("fermo-configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  std::string_view rest = text;
  while (memory && !rest.empty()) {
    const ssize_t written = ::write(memory.get(), rest.data(), rest.size());
    if (written <= 0) return {};
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (memory) ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  return memory;
}

std::optional<config::Config> config_from(const Descriptor& descriptor) {
  const auto text = content_of(descriptor, 2 * limits::config_octets_max);
  if (!text) return std::nullopt;
  auto parsed = config::parse(*text);
  if (!parsed.problems.empty()) return std::nullopt;
  return std::move(parsed.config);
}

std::optional<std::string> content_of(const Descriptor& file, std::size_t octets_max) {
  std::string text(octets_max, '\0');
  std::size_t octets = 0;
  while (octets < text.size()) {
    const ssize_t got = ::pread(file.get(), text.data() + octets, text.size() - octets, static_cast<off_t>(octets));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    octets += static_cast<std::size_t>(got);
  }
  text.resize(octets);
  return text;
}

}  // namespace fermo::commands
