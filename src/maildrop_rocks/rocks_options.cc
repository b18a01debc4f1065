#include "maildrop_rocks/rocks_options.h"

#include <algorithm>

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include "maildrop_rocks/engine_log.h"
#include "maildrop_rocks/merge_operators.h"
#include "maildrop_rocks/table.h"

namespace fermo::rocks {
namespace {

constexpr std::size_t kibi = 1024;
constexpr std::size_t mebi = 1024 * kibi;

rocksdb::BlockBasedTableOptions block_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions options;
  options.block_cache = cache;
  options.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  // Counted against the cache, so that memory stays bounded however large the store grows.
  options.cache_index_and_filter_blocks = true;
  options.format_version = 5;
  return options;
}

/// Deleted mail leaves the disk when its blob file is half garbage; RocksDB's own default is never.
void configure_bodies(rocksdb::ColumnFamilyOptions& options, std::size_t write_buffer_octets) {
  options.write_buffer_size = std::max(write_buffer_octets / 4, 1 * mebi);
  options.enable_blob_files = true;
  options.min_blob_size = 4 * kibi;
  options.enable_blob_garbage_collection = true;
  options.blob_garbage_collection_age_cutoff = 0.5;
  options.blob_garbage_collection_force_threshold = 0.5;
  // A table of blob references is small and would not be compacted for months, and garbage is only found by compaction.
  options.periodic_compaction_seconds = std::uint64_t{7} * 24 * 60 * 60;
}

rocksdb::ColumnFamilyOptions table_options(Table table, const EngineSettings& settings,
                                           const rocksdb::BlockBasedTableOptions& blocks) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = std::max(settings.write_buffer_octets / 8, 1 * mebi);
  options.compression = rocksdb::kLZ4Compression;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  // Polling clients delete from the front of a drop: a scan must not wade through yesterday's tombstones.
  options.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(16 * kibi, 8 * kibi, 0.5));
  if (table == Table::meta) options.merge_operator = greatest_merge();
  if (table == Table::drops) options.merge_operator = drop_change_merge();
  // A row that every delivery adds to is folded now and then, or reading it would walk over all that was added.
  if (table == Table::meta || table == Table::drops) options.max_successive_merges = 64;
  if (table == Table::bodies) configure_bodies(options, settings.write_buffer_octets);
  return options;
}

}  // namespace

rocksdb::DBOptions database_options(const EngineSettings& settings, rocksdb::Env& env) {
  rocksdb::DBOptions options;
  options.env = &env;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // Torn tails are told from damage by WalCheck; RocksDB's default would drop acknowledged mail after any damage,
  // silently.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // RocksDB takes an entry of its MANIFEST for damage when a power cut left some sectors of it on the disk. So each
  // change to the list of files makes a new list, which is whole and synced before CURRENT names it.
  options.max_manifest_file_size = 1;
  options.db_write_buffer_size = settings.write_buffer_octets;
  options.max_total_wal_size = 2 * settings.write_buffer_octets;
  options.max_background_jobs = 2;
  options.max_open_files = 1000;
  if (settings.env) options.max_file_opening_threads = 1;  // a test's own, which does everything on one thread
  options.bytes_per_sync = mebi;
  // Putting things right is ours alone (RocksMaildrop::Impl), which also tells the operator.
  options.max_bgerror_resume_count = 0;
  options.skip_stats_update_on_db_open = true;
  options.stats_dump_period_sec = 0;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.info_log = settings.only_read ? no_engine_log() : engine_log(settings.path);
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> table_descriptors(const EngineSettings& settings) {
  const auto blocks = block_options(rocksdb::NewLRUCache(settings.cache_octets));
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (std::size_t n = 0; n < table_count; ++n) {
    descriptors.emplace_back(table_names[n], table_options(static_cast<Table>(n), settings, blocks));
  }
  return descriptors;
}

}  // namespace fermo::rocks
