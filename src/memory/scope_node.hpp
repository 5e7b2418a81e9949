// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One scope of the budget tree.
//
// Every scope counts in `used_` the units (64 bytes) of all blocks live in it and below, and of
// what its threads have paid in advance. A request is paid at its scope and at all above, under the
// tree's lock, or it is refused where it would exceed a budget. So at any instant, for every scope,
//
//   what is live  ≤  used  ≤  budget,   and   used = its own  +  Σ used of the scopes below,
//
// and no budget can be exceeded. That a warm allocation takes no lock is owed to credit: each
// thread keeps for the scopes it works for some units that are paid already (thread_cache.hpp). To
// allocate is to spend of them, to release is to get them back; only when they run out, or become
// too many, is the tree asked. A scope that must refuse first takes back the credit of all threads
// in all scopes below it, so no request is refused that would fit. (Batched per-thread charges are
// how Linux's memory cgroups do it, too; there a reclaim is asynchronous.)
//
// The peak: `used_` less the credit that was unspent when it was lowest. Each thread keeps that low
// for its own credit and the tree notes the peak before anything else changes, so that a scope
// without children that one thread uses has an exact peak. Others' credit counts as live, so with
// more threads a peak may be up to `most_credit` too high for each of the others.
//
// After close there is no credit; `used_` is then what is still held, here and above. A closed
// scope's node stays until its last block went.
//
// Threads: every member is safe. Lock order: the tree, a scope's scratch, the pool's caches.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "frys/memory/manager.hpp"
#include "frys/memory/scope.hpp"
#include "memory/decay.hpp"
#include "memory/pool_core.hpp"
#include "memory/pressure.hpp"
#include "memory/private_heap.hpp"
#include "memory/short_lock.hpp"
#include "memory/trace_recorder.hpp"

namespace frys::detail {

class ScopeNode;

/// What all scopes of one tree share; made and ended with the root. Keeps the pool's core, so that
/// an allocation that races with the manager's close finds it.
struct ScopeTree final : PrivateObject<ScopeTree>, ForkParticipant {
  ScopeTree(PoolCore& core, const MemoryPoolOptions& options, FaultInjector* injector,
            std::shared_ptr<Decay> idle)
      : ForkParticipant(Rank::tree),
        pool(&core),
        pool_options(options),
        faults(injector),
        decay(std::move(idle)) {
    enlist();
  }
  ~ScopeTree() override { withdraw(); }
  void hold_for_fork() noexcept override;
  void let_go_after_fork() noexcept override;
  void clean_up_in_child() noexcept override;

  ShortLock lock;
  PoolCore* const pool;
  const MemoryPoolOptions pool_options;  ///< What the pools of the tree are made with.
  FaultInjector* const faults;
  const std::shared_ptr<PressureChain> pressure = std::make_shared<PressureChain>();
  const std::shared_ptr<Decay> decay;  ///< Null: free pages stay until a trim.
  /// The pool of shareable scopes; null until there is one. Made under the lock, while the root is
  /// open; from then on it stays.
  std::atomic<PoolCore*> shared_pool{nullptr};
  ScopeNode* root = nullptr;  ///< Set under the lock, once.
  std::atomic<std::uint32_t> scopes_made{0};
  std::atomic<std::uint64_t> refusals{0};
  TraceRecorder trace;
};

/// A piece of a scope's scratch arena, borrowed from front to back.
struct ScratchChunk : PrivateObject<ScratchChunk> {
  Storage storage;
  std::size_t used_bytes = 0;
  std::size_t borrows = 0;  ///< Without any, the newest chunk starts anew and an older one goes.
  ScratchChunk* older = nullptr;
};

class ScopeNode : public PrivateObject<ScopeNode> {
  friend struct ScopeTree;

 public:
  using Units = std::uint64_t;

  /// A root with one handle. Throws std::bad_alloc.
  static ScopeNode* make_root(std::string_view name, std::size_t budget_bytes, PoolCore& pool,
                              const MemoryPoolOptions& pool_options, FaultInjector* faults,
                              std::shared_ptr<Decay> decay = {});
  Result<ScopeNode*> make_child(std::string_view name, const ScopeOptions& options);

  void add_handle() noexcept { handles_.fetch_add(1, std::memory_order_relaxed); }
  void drop_handle() noexcept;
  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop_reference() noexcept;

  /// `alignment`: a power of two that the pool can give. `press`: what is refused may have handlers
  /// let go of memory first.
  Result<Storage> allocate(std::size_t bytes, std::size_t alignment = unit_bytes,
                           bool press = true) noexcept;
  /// Takes a block back whose last reference went, and its charge off. The node may be gone when
  /// this returns.
  void release(Block* block) noexcept;
  /// Gives back what a thread that ends has paid in advance.
  static void give_up_credits(ThreadCache& cache) noexcept;
  Result<Scratch> scratch(std::size_t bytes);
  /// Ends a borrow. The node may be gone when this returns.
  void give_back_scratch(const Scratch& borrow) noexcept;
  Status reserve(const MemoryPlan& plan);
  void close() noexcept;
  /// Records what the tree does from now on. Precondition: this is the root.
  Status start_trace(const std::string& path, const Clock& clock) noexcept;
  Status stop_trace() noexcept { return tree_->trace.stop(); }
  /// Of all scopes, by budgets and by the system.
  [[nodiscard]] std::uint64_t refusals() const noexcept {
    return tree_->refusals.load(std::memory_order_relaxed);
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] bool is_open() const noexcept { return open_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t scratch_generation() const noexcept {
    return scratch_generation_.load(std::memory_order_acquire);
  }
  [[nodiscard]] PoolCore& pool() const noexcept { return *pool_; }
  /// The pool of the tree's shareable scopes; null when there is none beside the tree's own.
  [[nodiscard]] PoolCore* shared_pool() const noexcept {
    return tree_->shared_pool.load(std::memory_order_acquire);
  }
  [[nodiscard]] PressureChain& pressure() const noexcept { return *tree_->pressure; }
  [[nodiscard]] ScopeStats stats() const noexcept;
  [[nodiscard]] std::vector<ScopeStats> children() const noexcept;
  [[nodiscard]] ScopeSnapshot snapshot() const noexcept;

  /// Adds to this scope and all above.
  void note_copy(std::size_t bytes) noexcept;

 private:
  static constexpr Units most_units = ~Units{0} / unit_bytes;
  static constexpr std::size_t most_depth = 64;
  /// Paid beside what a request needs, so that the next ones find credit: 64 KiB.
  static constexpr Units spare_credit = (std::size_t{64} << 10) / unit_bytes;
  /// So many releases in a row tell that a thread will go on releasing this scope's blocks.
  static constexpr std::uint32_t releases_before_credit = 8;

  ScopeNode(std::string_view name, std::string path, Units budget, ScopeNode* parent,
            ScopeTree* tree, PoolCore* pool);
  ~ScopeNode();

  void wake_decay() const noexcept {
    if (tree_->decay != nullptr) tree_->decay->wake();
  }
  // Cold: no warm block was paid for. In scope_pressure.cpp.
  struct Refusal {
    Status status;
    const ScopeNode* by = nullptr;  ///< Whose budget refused.
  };
  Block* obtain(std::size_t bytes, std::size_t alignment, Refusal& refusal) noexcept;
  Block* obtain_after_trim(std::size_t bytes, std::size_t alignment, Refusal& refusal) noexcept;
  Block* obtain_under_pressure(std::size_t bytes, std::size_t alignment, Refusal& refusal) noexcept;
  Status charge(Units units, std::size_t bytes, const ScopeNode*& refuser) noexcept;
  void uncharge(Units units, bool never_used = false) noexcept;
  Status out_of_memory(const Status& why, std::size_t bytes) const noexcept;
  /// What is taken uses up what was made ready for it.
  void keep_promise(Units units) noexcept {
    if (promised_.load(std::memory_order_relaxed) != 0) cut_promise(units);
  }
  void cut_promise(Units most) noexcept;
  void note_refusal(std::size_t bytes, const Status& why) noexcept;
  Status make_ready(const MemoryPlan& plan);
  class PrefaultTask;
  Status prefault_promised(Units more, std::size_t largest_bytes) noexcept;
  void note_first_touch(std::uint32_t pages) noexcept;
  [[nodiscard]] Status closed_status() const noexcept;

  // Under the tree's lock. Nodes whose last block went are put on the list `dead`.
  ScopeNode* pay(Units units) noexcept;
  ScopeNode* pay_from_all(Units units, ThreadCache* own) noexcept;
  ScopeNode* pay_with_credit(Units units, ThreadCache& own) noexcept;
  ScopeNode* pay_at_once(Units units, ThreadCache* own) noexcept;
  void pay_back(Units units, ScopeNode*& dead) noexcept;
  void pay_back_open(Units units) noexcept;
  void note_peak(const ThreadCache* own) noexcept;
  void note_peaks(const ThreadCache* own) noexcept;  ///< Here and above.
  void restart_peak(const ThreadCache& cache, Credit& credit) noexcept;
  Credit* credit_in(ThreadCache* cache) noexcept;
  Credit& open_credit(ThreadCache& cache) noexcept;
  Units take_credit(const ThreadCache& cache, Credit& credit) noexcept;
  void end_credit(const ThreadCache& cache, Credit& credit) noexcept;
  bool deserves_credit(ThreadCache* cache) const noexcept;
  void uncharge_open(Units units, bool never_used) noexcept;
  Units collect_credits(ThreadCache* own) noexcept;
  template <typename Visit>
  void claim_all_caches(Visit&& visit) noexcept;
  void end_credits() noexcept;
  [[nodiscard]] std::size_t holders_below() const noexcept;
  [[nodiscard]] bool is_within(const ScopeNode* above) const noexcept;
  template <typename Cache, typename Visit>
  std::size_t visit_credits(Cache& cache, Visit&& visit) const noexcept;
  ScopeNode* nearest_open() noexcept;
  Units close_locked(ScopeNode*& dead, ScratchChunk*& chunks) noexcept;
  Units close_scratch(ScratchChunk*& chunks) noexcept;
  PoolCore* pool_of_child(const ScopeOptions& options) noexcept;
  void link_child(ScopeNode* child) noexcept;
  void unlink_child(ScopeNode* child) noexcept;
  /// What threads hold of this scope's credit, or of this one's and all below.
  struct Unspent {
    Units units = 0;
    Units least = 0;
    std::uint64_t allocations = 0;
  };
  [[nodiscard]] Unspent unspent() const noexcept;
  [[nodiscard]] Unspent unspent_below() const noexcept;
  [[nodiscard]] Units live_units() const noexcept;
  [[nodiscard]] std::uint64_t past_allocations() const noexcept;
  [[nodiscard]] std::size_t total_scratch() const noexcept;
  void fill(ScopeStats& stats) const noexcept;
  void fill(ScopeSnapshot& snapshot) const noexcept;
  void trace_open_scopes() const noexcept;
  [[nodiscard]] std::size_t budget_bytes() const noexcept {
    return budget_ == most_units ? unlimited_bytes : budget_ * unit_bytes;
  }
  [[nodiscard]] Status refusal(const ScopeNode& asker, std::size_t bytes) const noexcept;
  [[nodiscard]] std::string holders(Units enough) const;

  template <typename Visit>
  void visit_scratch_locks(Visit&& visit) noexcept;
  static void drop_dead(ScopeNode* dead) noexcept;
  /// References are taken for so many borrows at once.
  static constexpr std::uint32_t borrow_references = 64;
  Scratch borrow(std::size_t bytes) noexcept;
  bool take_back(const Scratch& borrow) noexcept;
  std::unique_ptr<ScratchChunk> take_out(ScratchChunk* chunk) noexcept;

  // Read by the warm path, or walked by the cold one.
  alignas(64) PoolCore* const pool_;
  ScopeTree* const tree_;
  ScopeNode* const parent_;
  const Units budget_;
  Units used_ = 0;  ///< Guarded by the tree's lock, as is `peak_`.
  Units peak_ = 0;
  std::atomic<Units> promised_{0};  ///< Made ready by `reserve` and not used yet.
  const std::uint32_t slot_;        ///< Where this scope's credit is in a thread's cache.
  std::atomic<bool> open_{true};

  std::atomic<std::uint32_t> handles_{1};
  std::atomic<std::uint64_t> first_touch_pages_{0};
  std::atomic<std::uint64_t> copies_{0};
  std::atomic<std::uint64_t> copied_bytes_{0};
  /// One for all handles, one for all blocks left after close, one a child, one a scratch borrow,
  /// and those of `spare_references_`.
  std::atomic<std::uint32_t> references_{1};

  const std::size_t depth_;
  const std::string name_;
  const std::string path_;

  // Guarded by the tree's lock.
  ScopeNode* first_child_ = nullptr;
  ScopeNode* last_child_ = nullptr;
  ScopeNode* previous_ = nullptr;
  ScopeNode* following_ = nullptr;
  std::size_t child_count_ = 0;
  std::size_t holders_ = 0;        ///< Threads that have credit of this scope.
  std::uint64_t allocations_ = 0;  ///< Those that threads have not counted for themselves.
  Units adopted_ = 0;
  Units escaped_ = 0;
  std::uint64_t closed_allocations_ = 0;  ///< Of children that are closed.
  ScopeNode* next_dead_ = nullptr;

  ShortLock scratch_lock_;
  ScratchChunk* chunks_ = nullptr;
  std::uint32_t spare_references_ = 0;  ///< Taken for borrows to come, until close.
  std::atomic<std::size_t> scratch_bytes_{0};
  std::atomic<std::uint64_t> scratch_generation_{1};  ///< Even once closed.
};

}  // namespace frys::detail
