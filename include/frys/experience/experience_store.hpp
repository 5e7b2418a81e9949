// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A durable memory of experiences that is searched by likeness. Rows, vectors and a log live in
// RocksDB under one folder; the search index lives in memory, and its graph is saved beside them.
// Not for documents at large: all vectors of a record are held in memory (5 bytes × dimension).
//
//   auto store = frys::ExperienceStore::open({.path = "data/experience"}, environment);
//   if (!store) return store.error();
//   auto id = store->store({.situation = "login page returns 500", .action = "restart the cache"});
//   auto matches = store->find_similar({.text = "500 on login", .k = 3});
//   for (const frys::Match& m : *matches) use(m.id, m.score);

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "frys/core/environment.hpp"
#include "frys/core/function.hpp"
#include "frys/core/result.hpp"
#include "frys/experience/embedder.hpp"
#include "frys/experience/experience.hpp"
#include "frys/experience/experience_query.hpp"
#include "frys/experience/pinned_payload.hpp"
#include "frys/experience/vector_space.hpp"

namespace frys {

class MemoryScope;
class Tensor;

/// What is on disk when a write returns.
enum class Durability : std::uint8_t {
  buffered,  ///< With the operating system: survives the end of the process, not of the machine.
  synced,    ///< On the device: survives both.
};

struct ExperienceStoreOptions {
  /// The folder; made when it does not exist (its parent must).
  std::string path = {};
  /// Where there is no store none is made: `not_found`.
  bool must_exist = false;
  /// Makes vectors of texts; shared with the host. Null: `HashingEmbedder(dimension)`.
  std::shared_ptr<const Embedder> embedder = nullptr;
  /// Floats a vector has, 2 to 4,096. 0: the embedder's; without one a new store has 256, and one
  /// that exists what it was made with (it takes vectors only where that was a host's embedder).
  std::size_t dimension = 0;
  /// Spaces of `Experience::embeddings`, 16 at most, each with memory, index and graph of its own.
  /// A store keeps those it has, named or not; one that is new to it begins without vectors.
  std::vector<VectorSpace> spaces = {};
  /// What `store` does when it is not told.
  Durability durability = Durability::buffered;
  /// Links a node of the search graph has, 4 to 64. More: better recall, more memory (4 × 2 bytes
  /// a link and vector), slower writes. It is M of Malkov and Yashunin, "Efficient and robust
  /// approximate nearest neighbor search using HNSW graphs", 2018.
  std::size_t graph_links = 16;
  /// Candidates weighed when a node is linked (their ef_construction), graph_links to 4,096.
  std::size_t graph_build_effort = 128;
  /// Bytes that RocksDB collects in memory before it writes a table, 1 MiB to 1 GiB, for each of
  /// rows, vectors and vectors in spaces.
  std::size_t write_buffer_bytes = std::size_t{8} << 20;
  /// Bytes of table blocks held in memory, from 0.
  std::size_t cache_bytes = std::size_t{16} << 20;
  /// Experiences are removed when they were stored so long ago: by the next write after that, or
  /// the next opening. 0: they are kept.
  std::int64_t keep_for_ns = 0;
  /// Opens a store whose write-ahead log is damaged: what precedes the damage is kept, what follows
  /// is given up. Where a part of the log is not there at all, what comes after it is kept, and a
  /// warning says how many entries are lost. Without `salvage` such a store answers `corruption`,
  /// and nothing is changed.
  bool salvage = false;
};

struct StoreOptions {
  std::optional<Durability> durability = std::nullopt;  ///< Empty: the store's.
};

/// What a store holds at one moment.
struct ExperienceStoreStats {
  std::uint64_t experiences = 0;
  std::uint64_t last_sequence = 0;
  // Of the space that has no name.
  std::uint64_t indexed = 0;      ///< Linked into the graph; the rest is scanned exactly.
  std::uint64_t removed = 0;      ///< Whose memory is not free yet.
  std::uint64_t index_bytes = 0;  ///< Of all spaces together.
  std::size_t dimension = 0;
};

/// The autonomous learning storage engine. Movable; a moved-from store may only be destroyed or
/// assigned to.
///
/// It holds 67,108,864 experiences at most: addresses are reserved for their vectors, memory is
/// not. Where the process may have less of these (`RLIMIT_AS`), a fourth of that, and so on, down
/// to 262,144.
///
/// Threads: every member is safe, except that moving and destroying need the store alone. Readers
/// do not wait for writers; those with a filter may, while one enters what filters know.
/// Who stores or removes is held to the pace of the graph while some 450 changes wait for it: until
/// it has taken in two for each of theirs, a tenth of a second at most for up to 256 of them.
/// Executor: background work (tables being written and merged, linking the graph) is background
/// work of `environment.executor`; a call that finds it piling up takes a share. With an inline
/// executor, calls do it themselves. Close it before the executor.
/// After a kill at any instruction: everything acknowledged is there, in order of its sequence
/// without a gap. When the machine went down: everything acknowledged as `synced` is, and what
/// precedes it; what was `buffered` later may be missing, and opening needs `salvage` in the rare
/// case that something still later is not.
class FRYS_API ExperienceStore {
 public:
  /// Opens the store in `options.path`, or makes one.
  /// Errors: invalid_argument (an option out of range, the path is a file), not_found, already_open
  /// (this or another process holds it), failed_precondition (made with another dimension or
  /// embedder, a space with another dimension, or by a later version), corruption (what is wrong
  /// where; nothing was changed), io_error (permission, full disk), out_of_memory. Cost: O(rows):
  /// their vectors are read back; what the graph saved last does not link is linked in the
  /// background.
  static Result<ExperienceStore> open(const ExperienceStoreOptions& options,
                                      const Environment& environment);

  ExperienceStore(ExperienceStore&&) noexcept;
  ExperienceStore& operator=(ExperienceStore&&) noexcept;
  /// Closes.
  ~ExperienceStore();

  /// Keeps `experience`; the next query finds it. Content that is there already is not stored
  /// again: its identity is returned (and made durable, when asked `synced`).
  /// Errors: invalid_argument (non-finite reward, input size or vector, wrong dimension, a vector
  /// of zeros, an embedding in a space that the store has not, negative duration, a record over
  /// 1 GiB), failed_precondition (the store is full, or
  /// there is nothing to embed texts with), closed, io_error, corruption,
  /// out_of_memory, and the embedder's. Cost: some 20 µs of a processor, and linking into
  /// the graph in the background; synced, the device's time, shared by those who wait together.
  Result<ExperienceId> store(Experience experience, const StoreOptions& options = {});
  /// The same, on the executor's background class (a sync holds no worker). `done` is called once.
  void store(Experience experience, const StoreOptions& options,
             UniqueFunction<void(Result<ExperienceId>)> done);

  /// The same for many, in their order, at one go: cheaper, and at most a sync for every 256 of
  /// them. When one is invalid none is stored (the message says which); when the disk refuses, or
  /// the store is full, some may have been. Returns their identities. Errors: as `store`.
  Result<std::vector<ExperienceId>> store_many(std::span<const Experience> experiences,
                                               const StoreOptions& options = {});

  /// The best `query.k` matches by score, best first; of equal ones the newer first. Sees every
  /// write that returned before the call. Candidates come from an approximate search by similarity,
  /// so a match may be missed; but where a filter lets no more than 4,096 through, all are scored.
  /// The answer says what it has seen, and how much it is expected to have missed.
  /// Errors: invalid_argument (names the field), closed, io_error and corruption (when rows are
  /// read), out_of_memory, and the embedder's.
  Result<SimilarMatches> find_similar(const SimilarityQuery& query) const;
  /// The same, as foreground work of the executor. `done` is called once.
  void find_similar(SimilarityQuery query, UniqueFunction<void(Result<SimilarMatches>)> done) const;

  /// One page of those that the query names. Whatever is stored meanwhile comes on a later page.
  /// Errors: invalid_argument (names the field), closed, io_error and corruption (when rows are
  /// read; without `with_experience` a damaged row does not stop a scan), out_of_memory.
  /// Cost: a few ns for every experience it passes, and a read for each that it fills.
  [[nodiscard]] Result<ScanPage> scan(const ScanQuery& query) const;

  /// Takes an experience out: no later query, scan or read answers it. Its room on disk is free
  /// when tables are merged (see `compact`); its memory, when an eighth of all experiences (256 at
  /// least) were removed: then the index is made without them in the background, as good as before.
  /// The same content may be stored again, as a new experience. Errors: not_found, closed,
  /// io_error, corruption, out_of_memory.
  Status remove(const ExperienceId& id, const StoreOptions& options = {});
  /// The same for all that `which` names; its `after_sequence`, `limit` and `with_experience` are
  /// not looked at. Returns how many there were. What is stored meanwhile may be among them.
  /// Errors: as `remove`; some may be removed then.
  Result<std::uint64_t> remove_matching(const ScanQuery& which, const StoreOptions& options = {});

  /// Changes an experience's standing: filters, ranking and answers go by it from now on; the
  /// record and the identity stay as they are. Errors: invalid_argument, not_found, closed,
  /// io_error, corruption, out_of_memory.
  Status amend(const ExperienceId& id, const Amendment& amendment,
               const StoreOptions& options = {});
  /// An experience's place and standing, without its record. Errors: not_found, closed.
  [[nodiscard]] Result<ScanRow> look_up(const ExperienceId& id) const;

  /// The record as it was stored; `embedding` is what the host gave (empty when it gave none).
  /// Errors: not_found, closed, io_error, corruption, out_of_memory.
  [[nodiscard]] Result<Experience> get(const ExperienceId& id) const;

  /// The payload alone, without a copy once its record is in a table and there is a cache.
  /// Errors: as `get`. Cost: O(record), read once for its checksum; from the disk when not cached.
  [[nodiscard]] Result<PinnedPayload> payload(const ExperienceId& id) const;
  /// The same, copied into a tensor of `scope` with the dtype and shape of the experience's
  /// `payload_tensor`; plain bytes are a u8 vector. Errors: as `get`, and of `scope`:
  /// budget_exceeded (names it), out_of_memory, closed. Include frys/tensor/tensor.hpp.
  [[nodiscard]] Result<Tensor> payload_tensor(const ExperienceId& id,
                                              const MemoryScope& scope) const;

  /// How many experiences there are; 0 when closed. Cost: O(1).
  [[nodiscard]] std::uint64_t size() const noexcept;
  [[nodiscard]] ExperienceStoreStats stats() const noexcept;
  /// Those with a name, in the order in which they came to the store. They stay, also when it is
  /// closed, as long as this object or one that it was moved to.
  [[nodiscard]] std::span<const VectorSpace> spaces() const noexcept;

  /// Puts everything stored so far on the device. Errors: closed, io_error.
  /// Cost: the device's time.
  Status sync();

  /// Copies the store, as it is at some moment of the call, to `folder`, which must not exist while
  /// its parent must. All that was acknowledged before is in it; others go on reading and storing.
  /// It is a store as any other: to restore it, open it, or a copy of it. On the same file system
  /// the two share their tables' bytes, so keep it on another against a disk that fails.
  /// Errors: invalid_argument (a folder within the store's), already_exists, closed, io_error (and
  /// no folder is left behind; also while an earlier write is not overcome), out_of_memory.
  /// Cost: a copy of what the tables do not hold yet, some MiB; elsewhere, of everything.
  Status backup(const std::string& folder) const;

  /// Gives back the room on disk of what was removed: has all tables merged, and what removals left
  /// in the log. Others go on meanwhile. Errors: closed, corruption, io_error (also while an
  /// earlier write is not overcome), unavailable (the tables never stood still), out_of_memory.
  /// Cost: reads and writes all that the store has on disk, and takes as much room again until it
  /// is done.
  Status compact();

  /// Lets running calls end, refuses later ones with `closed`, syncs, ends all background work and
  /// gives the folder back. Closing twice is fine, as is closing inside a `done`. A call with
  /// `done` that has not begun gets `closed`: on the executor when its turn comes, or in the thread
  /// that closes the executor. Errors: io_error (the sync, or an earlier failure that no write has
  /// overcome since; the store is closed).
  Status close();

 private:
  struct Impl;
  explicit ExperienceStore(std::shared_ptr<Impl> impl) noexcept;
  std::shared_ptr<Impl> impl_;
};

}  // namespace frys
