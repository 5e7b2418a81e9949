// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One pool and one tree of scopes: all the tensor memory of a kernel, with one budget over it.
//
//   auto memory = frys::TensorMemoryManager::create({.budget_bytes = std::size_t{1} << 30}, {});
//   frys::Result<frys::MemoryScope> reader = memory->agent_scope("wf-1", "reader");
//   std::string json = memory->snapshot().to_json();

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/environment.hpp"
#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/arena.hpp"
#include "frys/memory/pool.hpp"
#include "frys/memory/pressure.hpp"
#include "frys/memory/scope.hpp"

namespace frys {

struct TensorMemoryOptions {
  /// Most bytes live at once in all scopes together. 0: 80 % of `machine().memory_bytes`. Free
  /// pages are kept for reuse only as far as they and the used ones stay within it.
  std::size_t budget_bytes = 0;
  /// Name of the root scope, the first part of every path.
  std::string root_name = "kernel";
  /// How long free pages are kept that nobody needs, in ns of `Environment::executor`'s clock; then
  /// they go back to the system as background work, bit by bit. Default: as long as jemalloc keeps
  /// them. 0: each goes when it is freed, and none is made ready ahead. Below 0 and the largest
  /// number: they are kept until `trim()`, as they are on an executor without timers.
  std::int64_t decay_ns = 10'000'000'000;
  /// The pool under the scopes, and the one under shareable scopes. `commit_bytes` is cut to the
  /// budget, and counts the pages of both together; `retain_bytes` and `segment_bytes` are of each.
  MemoryPoolOptions pool;
};

/// One scope and those below it.
struct ScopeSnapshot {
  ScopeStats stats;
  std::vector<ScopeSnapshot> children;
};

/// The whole of a manager's memory. The scopes are of one instant as far as the tree goes; blocks
/// come and go meanwhile.
struct FRYS_API MemorySnapshot {
  PoolStats pool;
  PoolStats shared_pool;  ///< Of shareable scopes, beside `pool`; all 0 while there is none.
  ArenaSnapshot arena;    ///< Of `pool`; nothing without heap memory for it.
  ScopeSnapshot root;
  /// As one JSON object: {"pool":{…},"shared_pool":{…},"arena":{"segments":[…],"classes":[…],
  /// "large_bytes":…},"root":{"name":…,"children":[…]}}; unlimited budgets are null.
  /// Empty without heap memory for it.
  [[nodiscard]] std::string to_json() const noexcept;
};

/// Owns the pool and the root scope. Movable. Blocks outlive it. Threads: every member but the
/// move operations and the destructor is safe.
class FRYS_API TensorMemoryManager {
 public:
  /// Until it is closed, snapshots of `environment.metrics` have, all in bytes or numbers,
  /// `frys_memory_live_bytes` and `_peak_bytes` (of the root scope), `_mapped_bytes`,
  /// `_committed_bytes` and `_cached_bytes` (see `PoolStats`), `_allocations_total`,
  /// `_refusals_total` (by budgets and the system), `_first_touch_pages_total` and
  /// `_system_calls_total`.
  /// Errors: invalid_argument (empty root name), out_of_memory. Nothing is mapped yet.
  static Result<TensorMemoryManager> create(const TensorMemoryOptions& options,
                                            const Environment& environment);
  TensorMemoryManager(TensorMemoryManager&&) noexcept;
  TensorMemoryManager& operator=(TensorMemoryManager&&) noexcept;
  /// Closes.
  ~TensorMemoryManager();

  /// The scope over all others.
  [[nodiscard]] MemoryScope root() const;
  /// The open scope of that workflow, made at the first call and after each close of it; it stays
  /// open until it or the manager is closed. Errors: invalid_argument (empty name), closed,
  /// out_of_memory.
  [[nodiscard]] Result<MemoryScope> workflow_scope(std::string_view workflow);
  /// The open scope of that agent below the workflow's. Errors: as `workflow_scope`.
  [[nodiscard]] Result<MemoryScope> agent_scope(std::string_view workflow, std::string_view agent);

  /// The tree and the pool now. Scopes that there is no heap memory for are left out.
  /// Cost: a few locks, O(scopes × depth) and O(runs of pages) of the pool's.
  [[nodiscard]] MemorySnapshot snapshot() const noexcept;
  [[nodiscard]] PoolStats pool_stats() const noexcept;
  /// Of the pool under shareable scopes; all 0 until one was opened, and where `pool_stats` is of
  /// it (`MemoryPoolOptions::backing`).
  [[nodiscard]] PoolStats shared_pool_stats() const noexcept;
  /// Asks `handler` from now on, when a scope is refused what it allocates or borrows as scratch:
  /// by a budget, or by the system even after a `trim()`. Handlers are asked in turn, higher
  /// priorities first, then in order of registration; after each that let something go the request
  /// is tried again, and when all were asked it is refused. `reserve` asks nobody: it is foresight,
  /// not need. Errors: invalid_argument (an empty handler), closed, out_of_memory. Cost: none for
  /// requests that are met.
  [[nodiscard]] Result<PressureRegistration> add_pressure_handler(PressureHandler handler,
                                                                  int priority = 0);
  /// Gives free pages of both pools back to the system, see `MemoryPool::trim`.
  void trim() noexcept;
  /// Records from now on what all scopes do, into a file that is made or replaced; see trace.hpp.
  /// Meanwhile every allocation and release takes a lock, and now and then the thread whose turn it
  /// is writes; recording costs nothing while it is off. The clock is the environment's.
  /// Errors: failed_precondition (recording already), io_error (the file), closed, out_of_memory.
  Status start_trace(const std::string& path) noexcept;
  /// Ends the recording. `close` does, too, and writes what failed to the log. When something
  /// failed the file ends there.
  /// Errors: failed_precondition (not recording), and what failed since the start: io_error (the
  /// disk), out_of_memory.
  Status stop_trace() noexcept;
  /// Closes every scope; blocks still held stay valid and give their pages back when they go.
  /// Waits for background work of its own that is under way. Closing again does nothing. Always
  /// succeeds.
  Status close() noexcept;

 private:
  struct Impl;
  explicit TensorMemoryManager(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
