#include "simulation/machine.h"

#include "maildrop_rocks/internal.h"

namespace fermo::simulation {
namespace {

/// So much that no table is written because it is full: how full it is depends on chances inside RocksDB that no seed
/// reaches. Flushing is drawn instead.
constexpr std::size_t write_buffer_octets = std::size_t{64} << 20;

}  // namespace

Machine::Machine(Trace& trace, bool synced) : trace_(trace), synced_(synced) {
  std::filesystem::create_directory("disk");
  disk_.watch([&trace](std::string_view change) { trace.note("disk", change); });
}

rocks::Settings Machine::settings() {
  rocks::Settings settings;
  settings.path = "disk/store";
  settings.clock = &clock_;
  settings.write_buffer_octets = write_buffer_octets;
  settings.cache_octets = std::size_t{4} << 20;
  settings.free_octets_min = 0;
  settings.log = [this](rocks::Severity severity, std::string_view text) {
    if (severity == rocks::Severity::error) trace_.note("store", "has trouble");
    if (text.find("torn end") != std::string_view::npos) trace_.note("store", "drops the torn end of its log");
  };
  return settings;
}

std::optional<std::string> Machine::start() {
  auto opened = rocks::Internal::open(settings(), {.file_system = nullptr, .synced = synced_, .env = env_.env()});
  const std::string changes = std::to_string(disk_.changes()) + " changes of the disk";
  if (opened.has_error()) {
    trace_.note("store", "does not open; " + changes);
    return "the store does not open: " + opened.error().text;
  }
  trace_.note("store", "open; " + changes);
  store_ = std::move(*opened);
  return std::nullopt;
}

void Machine::lose_power(crash::DiskJournal::Loss loss, std::uint64_t seed) {
  if (!disk_.is_cut()) disk_.cut_after(0);
  store_.reset();
  disk_.restore_power(loss, seed);
}

void Machine::shut_down() {
  store_.reset();
  trace_.note("store", "closed; " + std::to_string(disk_.changes()) + " changes of the disk");
}

void Machine::work_in_background() {
  const std::size_t done = env_.work();
  if (done > 0) trace_.note("store", "works in the background: " + std::to_string(disk_.changes()) + " changes so far");
}

void Machine::flush() {
  rocks::Internal::begin_flush(*store_);
  env_.work();
  trace_.note("store", "flushed; " + std::to_string(disk_.changes()) + " changes of the disk");
}

}  // namespace fermo::simulation
