// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/lake.hpp"

#include <rocksdb/db.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <shared_mutex>

#include "experience/background_env.hpp"
#include "experience/lake_backup.hpp"
#include "experience/lake_compact.hpp"
#include "experience/lake_folder.hpp"
#include "experience/lake_options.hpp"
#include "experience/lake_salvage.hpp"
#include "experience/lake_scan.hpp"
#include "experience/rocksdb_timer.hpp"
#include "experience/row_pin.hpp"

namespace frys::detail {
namespace {

constexpr std::string_view description_key = "store";
enum Family : std::size_t {
  family_default,
  family_rows,
  family_vectors,
  family_log,
  family_spaces,
  families
};

rocksdb::Slice slice(std::string_view bytes) noexcept { return {bytes.data(), bytes.size()}; }
rocksdb::Slice slice(const ExperienceId& id) noexcept {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

// What a batch takes for a row beside record and vector: its log entry, keys and lengths.
constexpr std::size_t entry_room = 256;
// So many write-ahead logs are read back at each opening; more are made into tables.
constexpr std::size_t logs_left = 8;

}  // namespace

struct ExperienceLake::Impl {
  LakeOptions options;
  Environment environment;
  std::string where;  // "experience store <path>", for messages.
  std::unique_ptr<BackgroundEnv> env;
  // Held shared by whoever uses `db`, alone by whoever replaces it.
  mutable std::shared_mutex mutex;
  std::mutex write_mutex;    // After `mutex`: who merges the log's entries writes beside others.
  std::mutex compact_mutex;  // Before `mutex`; of two who merge the same tables one fails.
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* handles[families] = {};  // Of spaces: null in a store without.
  std::shared_ptr<rocksdb::Cache> cache;                // Of the rows in `db`; null: there is none.
  std::atomic<bool> wounded{false};
  Status open_error;        // Why there is no `db`, when it is not closed.
  bool had_tables = false;  // Before the database was opened.

  rocksdb::Status put(rocksdb::WriteBatch& batch, std::uint64_t sequence, const LakeChange& change);
  Status open_database(bool write_tables);
  Status check_manifest();
  Status check_description();
  Status check_spaces() const;
  rocksdb::Status add_spaces(const std::vector<VectorSpace>& spaces);
  [[nodiscard]] LakeFamilies of_rows() const noexcept {
    return {handles[family_rows], handles[family_vectors], handles[family_log],
            handles[family_spaces]};
  }
  Status check_tables() const;
  Status close_gaps();
  void close_database() noexcept;
  rocksdb::Status sync_logs();
  rocksdb::Status merge_all();
  rocksdb::Status write_awake(rocksdb::WriteOptions how, rocksdb::WriteBatch& batch);

  /// Why there is no `db`.
  [[nodiscard]] Status absent() const {
    if (!open_error.ok()) return open_error;
    return Status(ErrorCode::closed, where + ": it is closed; open it again");
  }
  [[nodiscard]] Status unsynced() const {
    return Status(ErrorCode::io_error,
                  where +
                      ": a write or sync failed, and none has succeeded since: what was stored as "
                      "buffered before that may not be on the device");
  }
  template <typename F>
  Status guarded(std::string_view verb, F&& call) const {
    try {
      return to_status(call(), where + ": " + std::string(verb));
    } catch (const std::bad_alloc&) {
      return Status::out_of_memory();
    } catch (const std::exception& error) {
      return Status(ErrorCode::internal, where + ": " + std::string(verb) + ": " + error.what());
    }
  }
};

/// `write_tables`: makes tables of what the logs hold. Else the logs are kept and replayed into
/// memory, which is faster and needs no room on the disk.
Status ExperienceLake::Impl::open_database(bool write_tables) {
  Status status = check_not_headless(options.path);
  if (!status.ok()) return status;
  had_tables = has_tables(options.path);
  env = std::make_unique<BackgroundEnv>(environment);
  rocksdb::DBOptions db_options = lake_db_options(options, environment);
  db_options.env = env.get();
  db_options.avoid_flush_during_recovery = !write_tables;
  std::vector<rocksdb::ColumnFamilyHandle*> opened;
  rocksdb::DB* opened_db = nullptr;
  rocksdb::Status answer;
  status = guarded("open", [&] {
    const bool has_spaces = has_spaces_family(db_options, options.path);
    const std::vector<rocksdb::ColumnFamilyDescriptor> described =
        lake_families(options, has_spaces);
    cache = described[family_rows]
                .options.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>()
                ->block_cache;
    answer = rocksdb::DB::Open(db_options, options.path, described, &opened, &opened_db);
    const rocksdb::IOStatus untold = env->files().error();
    return untold.ok() ? answer : rocksdb::Status(untold);
  });
  db.reset(opened_db);
  std::copy(opened.begin(), opened.end(), handles);
  if (!status.ok()) {
    if (env->lock_refused()) {
      return Status(ErrorCode::already_open, where + ": " +
                                                 lock_holder(options.path, answer.ToString()) +
                                                 " has it open; close it there first");
    }
    std::error_code ignored;
    if (answer.IsPathNotFound() && std::filesystem::exists(options.path + "/LOCK", ignored)) {
      return Status(ErrorCode::corruption, std::string(status.message()) + ": a file is missing");
    }
    if (answer.IsCorruption()) {
      return Status(ErrorCode::corruption,
                    std::string(status.message()) +
                        "; if it is the write-ahead log (*.log), opening with salvage = true keeps "
                        "what precedes the damage");
    }
    return status;
  }
  stop_rocksdb_timer(*db);
  status = check_manifest();
  if (status.ok()) status = check_spaces();
  if (status.ok()) remove_empty_logs(options.path);
  return status;
}

/// A manifest that lacks its end is taken for whole, and names too little. `salvage` is no way out:
/// what it would keep are rows that the log does not know.
Status ExperienceLake::Impl::check_manifest() {
  try {
    Status status = check_kept_tables(*db, handles[family_log], env->files().kept());
    if (status.ok()) env->files().let_go();
    return status.with_context(where);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

/// Without its family a vector in a space would go elsewhere.
Status ExperienceLake::Impl::check_spaces() const {
  if (options.description.spaces.empty() || handles[family_spaces] != nullptr) return {};
  return Status(ErrorCode::corruption,
                where +
                    ": its description names spaces, but there is no place for vectors in them: "
                    "its manifest (MANIFEST-*) was cut or swapped; restore a backup");
}

rocksdb::Status ExperienceLake::Impl::add_spaces(const std::vector<VectorSpace>& spaces) {
  rocksdb::Status status;
  if (handles[family_spaces] == nullptr) {
    const rocksdb::ColumnFamilyDescriptor family = lake_families(options, true).back();
    status = db->CreateColumnFamily(family.options, family.name, &handles[family_spaces]);
    if (status.ok()) status = env->files().error();
  }
  if (!status.ok()) return status;
  StoreDescription description = options.description;
  description.spaces = spaces;
  rocksdb::WriteOptions write;
  write.sync = true;
  status = db->Put(write, handles[family_default], slice(description_key),
                   slice(encode_description(description)));
  if (status.ok()) status = env->files().error();
  if (status.ok()) options.description = std::move(description);
  return status;
}

Status ExperienceLake::Impl::check_description() {
  std::string value;
  bool found = true;
  Status status = guarded("read its description", [&] {
    rocksdb::Status s =
        db->Get(rocksdb::ReadOptions(), handles[family_default], slice(description_key), &value);
    found = !s.IsNotFound();
    return found ? s : rocksdb::Status::OK();
  });
  if (!status.ok()) return status;
  if (!found && had_tables) {
    return Status(ErrorCode::corruption,
                  where +
                      ": it has tables but no description: its manifest (MANIFEST-*) was cut "
                      "or swapped; restore a backup");
  }
  if (!found) {
    rocksdb::WriteOptions write;
    write.sync = true;
    return guarded("write its description", [&] {
      return db->Put(write, handles[family_default], slice(description_key),
                     slice(encode_description(options.description)));
    });
  }
  Result<StoreDescription> description = decode_description(value);
  if (!description) return description.error().with_context(where);
  if (options.as_made) {
    options.description = *std::move(description);
    return check_spaces();
  }
  const StoreDescription& wanted = options.description;
  if (description->dimension != wanted.dimension || description->embedder != wanted.embedder) {
    return Status(ErrorCode::failed_precondition,
                  where + ": it was made with embedder \"" + description->embedder + "\" of " +
                      std::to_string(description->dimension) + " dimensions, asked was \"" +
                      wanted.embedder + "\" of " + std::to_string(wanted.dimension) +
                      ": open it with the same embedder, or another folder");
  }
  options.description.spaces = std::move(description->spaces);
  return check_spaces();
}

void ExperienceLake::Impl::close_database() noexcept {
  if (db != nullptr) {
    env->settle();
    for (rocksdb::ColumnFamilyHandle*& handle : handles) {
      if (handle == nullptr) continue;
      db->DestroyColumnFamilyHandle(std::exchange(handle, nullptr)).PermitUncheckedError();
    }
    db->Close().PermitUncheckedError();
    db.reset();
  }
  cache.reset();
  env.reset();
}

Status ExperienceLake::Impl::check_tables() const {
  return guarded("check its tables", [&] {
    return detail::check_tables(
        *db, {handles[family_log], handles[family_vectors], handles[family_spaces]});
  });
}

Status ExperienceLake::Impl::close_gaps() {
  Status status = check_tables();
  if (!status.ok()) return status;
  std::uint64_t lost = 0;
  const auto write = [this](rocksdb::WriteBatch& batch) {
    rocksdb::WriteOptions how;
    how.sync = true;
    return write_awake(how, batch);
  };
  status = guarded("close gaps", [&] { return detail::close_gaps(*db, of_rows(), write, lost); });
  if (lost > 0) {
    environment.write_log(
        LogLevel::warning, "experience",
        where + ": " + std::to_string(lost) + " entries are missing from the log and given up");
  }
  return status;
}

/// RocksDB would have the writer sleep until its jobs get on, and slow it down to 16 KiB a second
/// before that; the writer does the jobs instead, or waits for them where no lock of RocksDB is
/// held.
rocksdb::Status ExperienceLake::Impl::write_awake(rocksdb::WriteOptions how,
                                                  rocksdb::WriteBatch& batch) {
  const std::lock_guard one_writer(write_mutex);
  how.no_slowdown = true;
  for (bool hope = true;;) {
    rocksdb::Status status = db->Write(how, &batch);
    if (status.ok()) return env->files().error();
    if (!status.IsIncomplete() || !hope) return status;
    hope = env->make_way();
  }
}

rocksdb::Status ExperienceLake::Impl::sync_logs() {
  const rocksdb::Status status = db->SyncWAL();
  return status.ok() ? env->files().error() : status;
}

ExperienceLake::ExperienceLake(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

ExperienceLake::~ExperienceLake() { (void)close(); }

Result<std::unique_ptr<ExperienceLake>> ExperienceLake::open(const LakeOptions& options,
                                                             const Environment& environment) {
  Status status = environment.check_fault("experience.open");
  if (!status.ok()) return status;
  if (options.must_exist && !holds_store(options.path)) {
    return Status(ErrorCode::not_found, "there is no experience store in " + options.path);
  }
  Result<std::string> folder = prepare_folder(options.path);
  if (!folder) return folder.error();
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->options.path = *folder;
  impl->environment = environment;
  impl->where = "experience store " + options.path;
  const Result<std::size_t> logs = sync_logs(*folder);
  if (!logs) return logs.error();
  status = impl->open_database(options.salvage || *logs > logs_left);
  if (status.ok()) status = impl->check_description();
  if (status.ok() && options.salvage) status = impl->close_gaps();
  if (!status.ok()) {
    impl->close_database();
    return status;
  }
  return std::unique_ptr<ExperienceLake>(new ExperienceLake(std::move(impl)));
}

const StoreDescription& ExperienceLake::description() const noexcept {
  return impl_->options.description;
}

Status ExperienceLake::add_spaces(const std::vector<VectorSpace>& spaces) {
  Status status = impl_->environment.check_fault("experience.write");
  if (!status.ok()) return status.with_context(impl_->where + ": add spaces");
  const std::unique_lock lock(impl_->mutex);
  if (impl_->db == nullptr) return impl_->absent();
  status = impl_->guarded("add spaces", [&] { return impl_->add_spaces(spaces); });
  if (!status.ok()) impl_->wounded.store(true);
  return status;
}

/// Adds to `batch` all that goes with one entry of the log.
rocksdb::Status ExperienceLake::Impl::put(rocksdb::WriteBatch& batch, std::uint64_t sequence,
                                          const LakeChange& change) {
  const std::string key = sequence_key(sequence);
  const auto make_void = [&](std::uint64_t at) {
    return batch.Put(handles[family_log], slice(sequence_key(at)),
                     slice(encode_log_item(LogVoid{at})));
  };
  rocksdb::Status status;
  if (const auto* added = std::get_if<LogEntry>(&change.item)) {
    status = batch.Put(handles[family_rows], slice(added->id), slice(change.record));
    if (status.ok()) status = batch.Put(handles[family_vectors], slice(key), slice(change.vector));
    for (const EncodedVector& vector : change.added_in_spaces) {
      if (!status.ok()) break;
      status = batch.Put(handles[family_spaces], slice(space_key(sequence, vector.number)),
                         slice(vector.bytes));
    }
  } else if (const auto* removed = std::get_if<LogRemoval>(&change.item)) {
    status = batch.Delete(handles[family_rows], slice(removed->id));
    if (status.ok()) {
      status = batch.Delete(handles[family_vectors], slice(sequence_key(removed->target)));
    }
    if (status.ok()) {
      status = delete_in_spaces(batch, handles[family_spaces], removed->target,
                                change.removed_in_spaces);
    }
    if (status.ok()) status = make_void(removed->target);
  }
  if (status.ok() && change.made_void != 0) status = make_void(change.made_void);
  if (!status.ok()) return status;
  return batch.Put(handles[family_log], slice(key), slice(encode_log_item(change.item)));
}

Status ExperienceLake::write(std::uint64_t first_sequence, std::span<const LakeChange> changes,
                             bool sync) {
  Status status = impl_->environment.check_fault("experience.write");
  if (!status.ok()) return status.with_context(impl_->where + ": write");
  std::size_t bytes = 0;
  {
    const std::shared_lock lock(impl_->mutex);
    if (impl_->db == nullptr) return impl_->absent();
    status = impl_->guarded("write", [&] {
      std::size_t room = 0;
      for (const LakeChange& change : changes) {
        room += change.record.size() + change.vector.size() + entry_room;
        for (const EncodedVector& vector : change.added_in_spaces) {
          room += vector.bytes.size() + entry_room;
        }
      }
      rocksdb::WriteBatch batch(room);
      for (std::size_t i = 0; i < changes.size(); ++i) {
        const rocksdb::Status s = impl_->put(batch, first_sequence + i, changes[i]);
        if (!s.ok()) return s;
      }
      bytes = batch.GetDataSize();
      rocksdb::WriteOptions options;
      options.sync = sync;
      return impl_->write_awake(options, batch);
    });
    // Whatever the reason, what the log holds is not known until it is read again.
    if (!status.ok()) impl_->wounded.store(true);
  }
  impl_->env->help(bytes);
  return status;
}

Status ExperienceLake::sync() {
  Status status = impl_->environment.check_fault("experience.sync");
  if (!status.ok()) return status.with_context(impl_->where + ": sync");
  const std::shared_lock lock(impl_->mutex);
  if (impl_->db == nullptr) return impl_->absent();
  if (impl_->wounded.load()) return impl_->unsynced();
  status = impl_->guarded("sync", [&] { return impl_->sync_logs(); });
  if (!status.ok()) impl_->wounded.store(true);
  return status;
}

bool ExperienceLake::wounded() const noexcept { return impl_->wounded.load(); }

Status ExperienceLake::recover() {
  Status status = probe_folder(impl_->options.path);
  if (!status.ok()) return status;
  const std::unique_lock lock(impl_->mutex);
  impl_->close_database();
  // A sync that failed may not be made good by another: the system may take for written what never
  // reached the device. It still has it, though, and tables are made of that. The logs come first
  // all the same: tables that are not named yet must not know more than they do (check_manifest).
  status = sync_logs(impl_->options.path).status();
  if (status.ok()) status = impl_->open_database(/*write_tables=*/true);
  impl_->wounded.store(!status.ok());
  if (status.ok()) return status;
  // For the readers.
  impl_->close_database();
  impl_->open_error = impl_->open_database(/*write_tables=*/false);
  if (!impl_->open_error.ok()) impl_->close_database();
  return status;
}

Status ExperienceLake::scan(std::uint64_t first_sequence, Visitor visit) const {
  const std::shared_lock lock(impl_->mutex);
  if (impl_->db == nullptr) return impl_->absent();
  LakeScan scan(*impl_->db, impl_->of_rows(), impl_->options.description, impl_->where);
  return scan.run(first_sequence, visit, [this] { return impl_->check_tables(); });
}

Result<PinnedRecord> ExperienceLake::read(const ExperienceId& id) const {
  Status status = impl_->environment.check_fault("experience.read");
  if (!status.ok()) return status.with_context(impl_->where + ": read");
  const std::shared_lock lock(impl_->mutex);
  if (impl_->db == nullptr) return impl_->absent();
  const auto pin = std::make_shared<RowPin>();
  pin->cache = impl_->cache;
  bool found = true;
  status = impl_->guarded("read " + id.to_string(), [&] {
    const rocksdb::Status s =
        impl_->db->Get(rocksdb::ReadOptions(), impl_->handles[family_rows], slice(id), &pin->value);
    found = !s.IsNotFound();
    return found ? s : rocksdb::Status::OK();
  });
  if (!status.ok()) return status;
  if (!found) {
    return Status(ErrorCode::not_found,
                  impl_->where + ": there is no experience " + id.to_string());
  }
  return PinnedRecord{pin->value.ToStringView(), pin};
}

Status ExperienceLake::backup(const std::string& to) const {
  const std::shared_lock lock(impl_->mutex);
  if (impl_->db == nullptr) return impl_->absent();
  if (impl_->wounded.load() || !impl_->env->files().error().ok()) return impl_->unsynced();
  const Status status = back_up_lake(*impl_->db, impl_->options.path, to,
                                     impl_->options.description.spaces.size(), impl_->environment);
  return status.with_context(impl_->where + ": backup");
}

rocksdb::Status ExperienceLake::Impl::merge_all() {
  const auto write = [this](rocksdb::WriteBatch& batch) {
    return write_awake(rocksdb::WriteOptions(), batch);
  };
  const auto make_way = [this] { return env->make_way(); };
  std::vector<rocksdb::ColumnFamilyHandle*> all(std::begin(handles), std::end(handles));
  std::erase(all, nullptr);
  rocksdb::Status status = merge_void_entries(*db, handles[family_log], write);
  if (status.ok()) status = flush_all(*db, all, make_way);
  for (rocksdb::ColumnFamilyHandle* family : all) {
    if (status.ok()) status = merge_tables(*db, family, make_way);
  }
  return status.ok() ? env->files().error() : status;
}

Status ExperienceLake::compact() {
  const std::lock_guard turn(impl_->compact_mutex);
  const std::shared_lock lock(impl_->mutex);
  if (impl_->db == nullptr) return impl_->absent();
  if (impl_->wounded.load()) return impl_->unsynced();
  const Status status = impl_->guarded("compact", [&] { return impl_->merge_all(); });
  // RocksDB refuses writes from now on.
  if (status == ErrorCode::io_error || status == ErrorCode::corruption) impl_->wounded.store(true);
  return status;
}

Status ExperienceLake::close() {
  if (impl_ == nullptr) return {};
  const std::unique_lock lock(impl_->mutex);
  if (impl_->db == nullptr) return std::exchange(impl_->open_error, Status());
  // Nothing was promised of buffered writes but to outlive the process; closing does better.
  Status status = impl_->wounded.load()
                      ? impl_->unsynced()
                      : impl_->guarded("sync before closing", [&] { return impl_->sync_logs(); });
  // RocksDB would not touch a file that refused a write.
  if (!status.ok()) (void)sync_logs(impl_->options.path);
  impl_->close_database();
  return status;
}

}  // namespace frys::detail
