#include "maildrop_rocks/open_store.h"

#include <algorithm>

#include "base/random.h"
#include "maildrop_rocks/scan.h"

namespace fermo::rocks {
namespace {

using maildrop::Error;

constexpr std::string_view format_key = "format";
constexpr std::string_view last_arrival_key = "last-arrival";
constexpr std::string_view next_drop_key = "next-drop";
constexpr std::uint32_t format_version = 1;

std::string format_value() {
  std::string content;
  append_u32(content, format_version);
  return sealed(format_key, content);
}

OpenFailure not_readable(const EngineSettings& settings, const error_code& error) {
  if (error == Error::unsupported) {
    return {
        error, false,
        "The store in " + settings.path.string() +
            " has a format that this version of Fermo does not know. Use the version that wrote it, or a newer one."};
  }
  return {error, false,
          "The store in " + settings.path.string() + " opens, but cannot be read or put in order (" + error.message() +
              "). Check its disk; if it is sound and has room, restore the folder from a backup."};
}

}  // namespace

OpenStore::Opened OpenStore::open(const EngineSettings& settings) {
  auto engine = Engine::open(settings);
  if (engine.has_error()) return engine.error();
  std::unique_ptr<OpenStore> store(new OpenStore(std::move(*engine)));
  if (const auto done = store->check_format(); done.has_error()) return not_readable(settings, done.error());
  // Where everything is drawn from a test's seed, this is too: it makes tables longer or shorter.
  const LogMark drawn = settings.env ? 1 : random_u64();
  if (const auto done = store->load_log_mark(drawn); done.has_error()) return not_readable(settings, done.error());
  if (const auto done = store->load_meta(); done.has_error()) return not_readable(settings, done.error());
  if (const auto done = store->reclaim(); done.has_error()) return not_readable(settings, done.error());
  return store;
}

Result<void> OpenStore::check_format() {
  const auto value = engine_->get(Table::meta, format_key);
  if (value.has_error()) return value.error();
  if (!*value) {
    Batch batch(*engine_);
    batch.put(Table::meta, format_key, format_value());
    return engine_->write(batch, Engine::Durability::synced);
  }
  if (!unsealed(format_key, **value)) return Error::corrupt;
  if (**value != format_value()) return Error::unsupported;
  return {};
}

Result<void> OpenStore::load_log_mark(LogMark drawn) {
  const auto value = engine_->get(Table::meta, log_mark_key);
  if (value.has_error()) return value.error();
  if (*value) {
    const auto mark = decode_log_mark(**value);
    if (!mark) return Error::corrupt;
    engine_->set_log_mark(*mark);
    return {};
  }
  Batch batch(*engine_);
  batch.put(Table::meta, log_mark_key, encode_log_mark(drawn));
  if (const auto written = engine_->write(batch, Engine::Durability::synced); written.has_error()) return written;
  engine_->set_log_mark(drawn);
  // Who judges a log needs the mark, and must not have to take it from that log.
  engine_->flush(false);
  return {};
}

Result<void> OpenStore::load_meta() {
  const auto arrival = engine_->get(Table::meta, last_arrival_key);
  if (arrival.has_error()) return arrival.error();
  if (*arrival) {
    std::string_view text = **arrival;
    const auto last = take_arrival(text);
    if (!last) return Error::corrupt;
    last_arrival_ = *last;
  }
  const auto next_drop = engine_->get(Table::meta, next_drop_key);
  if (next_drop.has_error()) return next_drop.error();
  if (*next_drop) {
    auto content = unsealed(next_drop_key, **next_drop);
    if (!content || content->size() != sizeof(DropNumber)) return Error::corrupt;
    next_drop_ = *take_u64(*content);
  }
  return {};
}

Result<std::optional<DropRecord>> OpenStore::find_drop(const DropId& drop, const rocksdb::Snapshot* snapshot) {
  const auto value = engine_->get(Table::drops, drop.text(), snapshot);
  if (value.has_error()) return value.error();
  if (!*value) return std::optional<DropRecord>();
  const auto record = decode_drop(drop.text(), **value);
  if (!record) return Error::corrupt;
  return record;
}

Result<DropNumber> OpenStore::drop_number(const DropId& drop) {
  const auto found = find_drop(drop);
  if (found.has_error()) return found.error();
  if (*found) return (*found)->number;
  return make_drop(drop);
}

// The new row goes before the message that needs it in the same log: whoever finds the message on the disk finds the
// row.
Result<DropNumber> OpenStore::make_drop(const DropId& drop) {
  const std::lock_guard lock(mutex_);
  const auto found = find_drop(drop);
  if (found.has_error()) return found.error();
  if (*found) return (*found)->number;
  const DropNumber number = next_drop_;
  std::string next;
  append_u64(next, number + 1);
  Batch batch(*engine_);
  batch.put(Table::meta, next_drop_key, sealed(next_drop_key, next));
  batch.put(Table::drops, drop.text(), encode(drop.text(), DropRecord{number, {}}));
  const auto written = engine_->write(batch, Engine::Durability::with_the_next_synced);
  if (written.has_error()) return written.error();
  next_drop_ = number + 1;
  return number;
}

StripedMutexes::Locks OpenStore::lock_bodies(const std::set<BodyId>& bodies) {
  std::vector<std::uint64_t> keys;
  for (const BodyId& body : bodies) keys.push_back(body.microseconds ^ body.discriminator);
  return body_locks_.lock(std::move(keys));
}

void OpenStore::begin_body(const BodyId& body) {
  const std::lock_guard lock(mutex_);
  being_written_.insert(body);
}

void OpenStore::end_body(const BodyId& body) {
  const std::lock_guard lock(mutex_);
  being_written_.erase(body);
}

bool OpenStore::is_being_written(const BodyId& body) {
  const std::lock_guard lock(mutex_);
  return being_written_.contains(body);
}

Result<void> OpenStore::remove_unfinished(const BodyId& body) {
  const std::string prefix = arrival_key(body);
  Batch batch(*engine_);
  Scan chunks(*engine_, Table::bodies, prefix, after_prefix(prefix));
  while (chunks.next()) batch.erase(Table::bodies, chunks.key());
  if (const auto status = chunks.status(); status.has_error()) return status;
  batch.erase(Table::pending, prefix);
  return engine_->write(batch, Engine::Durability::with_the_next_synced);
}

Result<std::uint64_t> OpenStore::reclaim() {
  std::vector<BodyId> found;
  {
    Scan pending(*engine_, Table::pending, "", "");
    while (pending.next()) {
      std::string_view key = pending.key();
      if (const auto body = take_arrival(key)) found.push_back(*body);
    }
    if (const auto status = pending.status(); status.has_error()) return status.error();
  }
  std::uint64_t removed = 0;
  for (const BodyId& body : found) {
    if (is_being_written(body)) continue;
    // Finished since the scan: then its marker is gone, and its chunks belong to a message.
    const auto marker = engine_->get(Table::pending, arrival_key(body));
    if (marker.has_error()) return marker.error();
    if (!*marker) continue;
    if (const auto done = remove_unfinished(body); done.has_error()) return done.error();
    ++removed;
  }
  return removed;
}

void note_arrival(Batch& batch, const mail::ArrivalId& arrival) {
  batch.merge(Table::meta, last_arrival_key, arrival_key(arrival));
}

Pin::Pin(const std::shared_ptr<OpenStore>& store) : store_(store), snapshot_(store->engine().take_snapshot()) {}

Pin::~Pin() {
  if (const auto store = store_.lock()) store->engine().release_snapshot(snapshot_);
}

}  // namespace fermo::rocks
