#include "fetcher/maildir_target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "fetcher/delivery_name.h"
#include "fetcher/leftovers.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;
using fetch::Error;
using fetch::Presence;

constexpr std::string_view mark_file = "fermo-target";

/// A file name of new/ or cur/ without flags, and without what other programs put before them (NAME,U=1:2,S).
std::string name_in(const std::string& file_name) {
  return file_name.substr(0, file_name.find_first_of(":,"));
}

/// Whether both files hold the same octets. A file that is gone has been moved or deleted by a reader, so it was there
/// as a whole.
Result<bool> is_same_or_gone(const fs::path& written, const fs::path& there) {
  const Descriptor ours(::open(written.c_str(), O_RDONLY | O_CLOEXEC));
  if (!ours) return fetch::from_errno(errno);
  const Descriptor other(::open(there.c_str(), O_RDONLY | O_CLOEXEC));
  if (!other && errno == ENOENT) return true;
  if (!other) return fetch::from_errno(errno);
  for (std::uint64_t at = 0;;) {
    const auto a = read_at(ours.get(), at, limits::message_piece_octets_max);
    if (!a) return Result<bool>(boost::system::in_place_error, a.error());
    const auto b = read_at(other.get(), at, limits::message_piece_octets_max);
    if (!b) return Result<bool>(boost::system::in_place_error, b.error());
    if (*a != *b || a->empty()) return *a == *b;
    at += a->size();
  }
}

Error from(const std::error_code& error) {
  return fetch::from_errno(error.value());
}

}  // namespace

Result<std::unique_ptr<MaildirTarget>> MaildirTarget::open(fs::path folder, FileOps& ops) {
  std::unique_ptr<MaildirTarget> target(new MaildirTarget(std::move(folder), ops));
  if (auto prepared = target->prepare(); !prepared) return prepared.error();
  return target;
}

MaildirTarget::~MaildirTarget() {
  abandon();
  tidy();
  drop_pending();
}

Result<void> MaildirTarget::prepare() {
  std::error_code error;
  const bool fresh = !fs::exists(folder_ / "cur", error);
  for (const fs::path& path : {folder_, folder_ / "tmp", folder_ / "new"}) {
    if (auto made = ops_.make_folder(path); !made) return made;
  }
  remove_old_leftovers(folder_ / "tmp", ops_);
  if (!fresh) return {};
  if (auto synced = ops_.sync_folder(folder_); !synced) return synced;
  const fs::path absolute = fs::absolute(folder_, error).lexically_normal();
  const fs::path above = absolute.has_filename() ? absolute.parent_path() : absolute.parent_path().parent_path();
  if (auto synced = ops_.sync_folder(above); !synced) return synced;
  // The last one to be made: where it is, the others are durable, whoever was killed while making them.
  return ops_.make_folder(folder_ / "cur");
}

Result<void> MaildirTarget::load_index() {
  if (indexed_) return {};
  // new/ before cur/: a message that a reader moves in between is seen in one of them.
  for (const char* name : {"new", "cur"}) {
    if (auto indexed = index_folder(name); !indexed) return indexed;
  }
  indexed_ = true;
  return {};
}

Result<void> MaildirTarget::index_folder(const std::string& part) {
  std::error_code error;
  fs::directory_iterator at(folder_ / part, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().native();
    if (name.starts_with(delivery_name_prefix)) index_.insert_or_assign(name_in(name), part + "/" + name);
  }
  if (error) return from(error);
  return {};
}

/// Who delivered what is found may have been killed before it was durable, and it will be deleted elsewhere for it.
Result<Presence> MaildirTarget::find(std::string_view name) {
  if (std::exchange(published_, false)) indexed_ = looked_twice_ = found_is_durable_ = false;
  if (auto loaded = load_index(); !loaded) return loaded.error();
  // A message that a reader renames while the folder is read can be hidden from one look, not from two.
  if (!index_.contains(std::string(name)) && !looked_twice_) {
    looked_twice_ = true;
    indexed_ = false;
    if (auto loaded = load_index(); !loaded) return loaded.error();
  }
  if (!index_.contains(std::string(name))) return Presence::absent;
  for (const char* part : {"new", "cur"}) {
    if (found_is_durable_) break;
    if (auto synced = ops_.sync_folder(folder_ / part); !synced) return synced.error();
  }
  found_is_durable_ = true;
  return Presence::present;
}

Result<void> MaildirTarget::begin(const fetch::Incoming& message) {
  FERMO_CHECK(!current_);
  if (!last_commit_) return last_commit_;
  tidy();
  Pending pending;
  pending.name = message.name;
  pending.path = folder_ / "tmp" / (message.name + "." + random_suffix());
  auto file = ops_.open(pending.path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!file) return file.error();
  pending.file = std::move(*file);
  current_ = std::make_unique<Pending>(std::move(pending));
  converter_ = {};
  buffer_.clear();
  return {};
}

Result<void> MaildirTarget::append(std::string_view content) {
  FERMO_CHECK(current_ != nullptr);
  converter_.convert(content, buffer_);
  return buffer_.size() < limits::message_piece_octets_max ? Result<void>() : flush();
}

Result<void> MaildirTarget::flush() {
  auto written = ops_.write(current_->file.get(), buffer_);
  current_->octets += buffer_.size();
  buffer_.clear();
  return written;
}

Result<void> MaildirTarget::end() {
  FERMO_CHECK(current_ != nullptr);
  converter_.finish(buffer_);
  if (auto flushed = flush(); !flushed) return flushed;
  // Lets the disk begin; commit() waits for it.
  static_cast<void>(::sync_file_range(current_->file.get(), 0, 0, SYNC_FILE_RANGE_WRITE));
  pending_.push_back(std::move(*current_));
  current_.reset();
  return pending_.size() < limits::uncommitted_messages_max ? Result<void>() : commit();
}

void MaildirTarget::abandon() {
  if (!current_) return;
  static_cast<void>(ops_.unlink(current_->path));
  current_.reset();
}

Result<void> MaildirTarget::commit() {
  if (!last_commit_ || pending_.empty()) return last_commit_;
  last_commit_ = commit_pending();
  // Another sync of the same files would succeed, whatever became of their octets.
  if (!last_commit_) drop_pending();
  return last_commit_;
}

void MaildirTarget::drop_pending() {
  for (const Pending& pending : pending_) static_cast<void>(ops_.unlink(pending.path));
  pending_.clear();
}

Result<void> MaildirTarget::commit_pending() {
  std::vector<int> files;
  for (const Pending& pending : pending_) files.push_back(pending.file.get());
  if (auto synced = ops_.sync_all(files); !synced) return synced;
  for (Pending& pending : pending_) pending.file.close();
  for (const Pending& pending : pending_) {
    if (auto published = publish(pending); !published) return published;
  }
  if (auto synced = ops_.sync_folder(folder_ / "new"); !synced) return synced;
  for (Pending& pending : pending_) leftover_.push_back(std::move(pending.path));
  pending_.clear();
  return {};
}

void MaildirTarget::tidy() {
  for (const fs::path& path : leftover_) static_cast<void>(ops_.unlink(path));
  leftover_.clear();
}

Result<void> MaildirTarget::publish(const Pending& pending) {
  for (unsigned namesake = 1;; ++namesake) {
    const std::string name = namesake == 1 ? pending.name : pending.name + "-" + std::to_string(namesake);
    const auto published = publish_under(pending, name);
    if (!published) return published.error();
    if (*published) return {};
  }
}

/// False when another message has that name. What a reader has moved to cur/ matters only where something may have been
/// delivered that is not recorded, and then find() was asked before: a folder of 100,000 is not read for one message.
Result<bool> MaildirTarget::publish_under(const Pending& pending, const std::string& name) {
  if (const auto there = index_.find(name); there != index_.end()) {
    return is_same_or_gone(pending.path, folder_ / there->second);
  }
  const fs::path path = folder_ / "new" / name;
  const auto linked = ops_.link(pending.path, path);
  if (!linked) return linked;
  published_ = true;
  if (*linked) return true;
  return is_same_or_gone(pending.path, path);
}

Result<std::string> MaildirTarget::mark() {
  const fs::path path = folder_ / mark_file;
  std::error_code error;
  if (!fs::exists(path, error)) {
    if (auto made = make_mark(path); !made) return made.error();
  }
  std::string mark;
  std::ifstream(path) >> mark;
  if (mark.empty()) return Error::unavailable;
  return mark;
}

Result<void> MaildirTarget::make_mark(const fs::path& path) {
  const fs::path written = folder_ / "tmp" / (std::string(delivery_name_prefix) + "mark." + random_suffix());
  auto file = ops_.open(written, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!file) return file.error();
  if (auto done = ops_.write(file->get(), random_suffix() + "\n"); !done) return done;
  if (auto done = ops_.sync(file->get()); !done) return done;
  if (auto linked = ops_.link(written, path); !linked) return linked.error();
  if (auto done = ops_.unlink(written); !done) return done;
  return ops_.sync_folder(folder_);
}

}  // namespace fermo::fetcher
