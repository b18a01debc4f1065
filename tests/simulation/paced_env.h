#pragma once

#include <cstddef>
#include <memory>

namespace rocksdb {
class Env;
class FileSystem;
}  // namespace rocksdb

namespace fermo::simulation {

/// What RocksDB would do on threads of its own, done on the caller's when he says so: so it happens at the same place
/// in every run.
class PacedEnv {
 public:
  explicit PacedEnv(std::shared_ptr<rocksdb::FileSystem> files);
  ~PacedEnv();
  PacedEnv(const PacedEnv&) = delete;
  PacedEnv& operator=(const PacedEnv&) = delete;

  rocksdb::Env* env();
  /// Does what waits to be done, and what comes of it. Tells how many pieces of work that were.
  std::size_t work();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fermo::simulation
