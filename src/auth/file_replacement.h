#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace fermo::auth {

/// An open file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }

  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void reset();

 private:
  int number_;
};

/// Everything in the open regular file, at most `octets_max` octets. Errors: not_a_file, too_large, input_output.
Result<std::string> read_whole(const Descriptor& file, std::size_t octets_max);

/// Replaces a small file as a whole: whoever opens it, and whoever finds it after a crash, sees the old file or the new
/// one. The steps are separate so that a test can end the process between any two of them; others call commit().
///
/// Holds a lock (`FILE.lock`, which stays) from begin() until destroyed, so that of two writers neither loses a change.
/// The new file is written beside the old one as `.FILE.new`, and gets its mode and owner.
class FileReplacement {
 public:
  /// Follows symbolic links to the file itself, which need not exist yet. Waits for another writer to finish.
  static Result<FileReplacement> begin(const std::filesystem::path& path);
  FileReplacement(FileReplacement&& other) noexcept = default;
  ~FileReplacement();

  /// What the file holds now; nothing when there is none.
  Result<std::optional<std::string>> current() const;

  Result<void> append(std::string_view text);
  Result<void> sync();
  Result<void> rename();
  Result<void> sync_folder();

  /// All of the above in this order. Durable when it returns.
  Result<void> commit(std::string_view text);

 private:
  FileReplacement(Descriptor folder, std::string name, Descriptor lock);
  Result<void> create();
  std::string new_name() const { return "." + name_ + ".new"; }

  Descriptor folder_;
  std::string name_;
  Descriptor lock_;
  Descriptor new_file_;
};

}  // namespace fermo::auth
