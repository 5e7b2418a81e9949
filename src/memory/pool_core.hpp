// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a pool is made of, in layers: a thread's magazines (no lock); for each class a depot of
// chains of half a magazine, which threads exchange whole (a lock, a few instructions), and the
// slabs (the same lock, visited once for many blocks); the page heap (one lock). Blocks above 32
// KiB go between the magazines and the page heap directly.
//
// Lifetime: `references` counts the pool object, every thread cache, every block that is
// a run, and every slab block that is not in its slab, so the core goes when the last of them does.
// It is changed once for many blocks, never on the warm path.
//
// Lock order: a class, then the page heap. The list of caches has a lock of its own, taken alone.
//
// Threads: every member is safe.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "frys/memory/pool.hpp"
#include "memory/block.hpp"
#include "memory/fork_guard.hpp"
#include "memory/library_pages.hpp"
#include "memory/memory_tools.hpp"
#include "memory/page_heap.hpp"
#include "memory/shared_pages.hpp"
#include "memory/slab.hpp"
#include "memory/thread_cache.hpp"

namespace frys::detail {

/// The cache this thread used last. The model avoids a function call for every access in a shared
/// library; it takes one word of the static space that the loader keeps for this.
__attribute__((tls_model("initial-exec"))) extern constinit thread_local ThreadCache* current_cache;

class DecayCurve;

class PoolCore final : public ForkParticipant {
 public:
  PoolCore(const MemoryPoolOptions& options, FaultInjector* faults) noexcept;

  /// A block of at least `bytes`, with one reference and no scope. Null when refused; then `why`.
  Block* allocate(std::size_t bytes, Status& why) noexcept {
    if (!is_small(bytes)) return allocate_run(bytes, why);
    Block* block = take_class(class_of(bytes), why);
    if (block != nullptr) make_ready(block, bytes);
    return block;
  }
  Block* allocate_aligned(std::size_t bytes, std::size_t alignment, Status& why) noexcept;

  /// A block of a class leaves its list: it has one reference and no scope.
  void make_ready(Block* block, std::size_t bytes) noexcept {
    unpoison(block->data, bytes, on_valgrind_);
    block->size_bytes = bytes;
    block->scope = nullptr;
    block->references.store(1, std::memory_order_relaxed);
  }
  /// A block of a class is nobody's from now on.
  void make_free(Block* block) noexcept {
    poison(block->data, class_shapes[block->origin].block_bytes, on_valgrind_);
  }
  /// Takes a block back whose last reference went. The core may be gone when this returns.
  void deallocate(Block* block) noexcept {
    if (block->origin == origin_run) return deallocate_run(block);
    make_free(block);
    ThreadCache* cache = closed() ? nullptr : bind_cache();
    cache != nullptr ? cache_block(*cache, block) : put_back(block->origin, {alone(block), 1});
  }
  /// True for blocks of a size class, which threads keep.
  [[nodiscard]] bool is_small(std::size_t bytes) const noexcept {
    return bytes <= largest_class_bytes - red_zone_bytes_;
  }
  [[nodiscard]] std::size_t class_of(std::size_t bytes) const noexcept {
    return class_of_bytes(bytes + red_zone_bytes_);
  }
  /// The calling thread's cache, when it is the one it used last.
  [[nodiscard]] ThreadCache* own_cache() const noexcept {
    ThreadCache* cache = current_cache;
    return cache != nullptr && cache->core == this ? cache : nullptr;
  }
  /// The same when it used another pool in between. Null when it has none.
  [[nodiscard]] ThreadCache* find_cache() const noexcept;
  /// The same, looked up or made. Null without heap memory, and at the thread's end.
  ThreadCache* bind_cache() noexcept;
  /// Calls `visit(const ThreadCache&)` for all threads' caches while they use them.
  template <typename Visit>
  void visit_caches(Visit&& visit) const noexcept {
    const std::lock_guard lock(caches_mutex_);
    for (const ThreadCache* cache = caches_; cache != nullptr; cache = cache->following) {
      visit(*cache);
    }
  }
  /// Calls `visit(ThreadCache&)` for all threads' caches while their owners are kept out.
  template <typename Visit>
  void claim_caches(Visit&& visit) noexcept {
    const std::lock_guard lock(caches_mutex_);
    claim_all();
    for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->following) {
      visit(*cache);
      cache->gate.release();
    }
  }
  /// The block that starts at `data`, which this process's pools gave out.
  static Block* block_at(const void* data) noexcept;

  /// Promises that `bytes` more will be ready. The promise holds until it is kept.
  void promise(std::size_t bytes) noexcept {
    promised_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  /// Makes ready all that is promised; no block of it is larger than `largest_bytes`, 0 for
  /// unknown.
  Status prefault_promised(std::size_t largest_bytes) noexcept {
    return prefault(promised_bytes_.load(std::memory_order_relaxed), largest_bytes);
  }
  void promise_kept(std::size_t bytes) noexcept {
    promised_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }
  Status prefault(std::size_t bytes, std::size_t largest_bytes = 0) noexcept;
  void note_first_touch(std::uint32_t pages) noexcept {
    first_touch_pages_.fetch_add(pages, std::memory_order_relaxed);
  }
  void trim() noexcept;
  [[nodiscard]] PoolStats stats() const noexcept;
  /// Throws std::bad_alloc.
  [[nodiscard]] ArenaSnapshot arena() const;

  // For the decay, in pool_decay.cpp. One thread at a time.
  /// From now on it counts what is idle.
  void begin_decay() noexcept;
  /// A beat of it has passed: lets go of what was idle for long enough.
  void decay(DecayCurve& curve) noexcept;
  /// True while there is anything to let go of.
  [[nodiscard]] bool holds_idle() const noexcept;

  /// Drops the pool object's reference; what is free goes back to the system.
  void close() noexcept;
  /// Gives back a cache and all it holds; its thread does not know it any more.
  void retire(ThreadCache* cache) noexcept;
  void hold_for_fork() noexcept override;
  void let_go_after_fork() noexcept override;
  void clean_up_in_child() noexcept override;
  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release(std::uint64_t count = 1) noexcept;
  [[nodiscard]] bool on_valgrind() const noexcept { return on_valgrind_; }
  /// Lets two pools keep within the commit limit together, until `separate` (page_heap.hpp).
  static void join(PoolCore& a, PoolCore& b) noexcept { PageHeap::join(a.heap_, b.heap_); }
  static void separate(PoolCore& core) noexcept { PageHeap::separate(core.heap_); }
  /// True when other processes can map its blocks.
  [[nodiscard]] bool shared() const noexcept { return shared_; }
  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_relaxed); }

 private:
  struct Chain {
    Block* head;
    std::uint32_t count;
  };
  /// One class that slabs serve: its depot and its slabs.
  struct alignas(64) SlabList {
    std::mutex mutex;
    std::uint32_t depot_count = 0;
    std::array<Chain, most_depot_chains> depot;
    Slab* head = nullptr;  ///< Those that have blocks to give.
    std::uint64_t slabs = 0;
    std::uint32_t empty = 0;  ///< Of those, how many have all their blocks.
    std::uint64_t out = 0;    ///< Blocks that are in no slab, those in the depot included.
    std::uint64_t visits = 0;
    std::uint64_t seen_visits = 0;   ///< At the decay's last beat,
    std::uint32_t unused_beats = 0;  ///< and for how many it was the same.
    /// True when the next block needs a new slab.
    [[nodiscard]] bool is_used_up() noexcept {
      const std::lock_guard lock(mutex);
      return depot_count == 0 && head == nullptr;
    }
    /// Of pages that were cold when their slab was made, and no block was carved from. Under the
    /// lock.
    [[nodiscard]] std::size_t untouched_bytes() const noexcept;
    void link(Slab* slab) noexcept;
    void unlink(Slab* slab) noexcept;
  };

  ~PoolCore();
  [[nodiscard]] bool has_library() const noexcept { return library_pages_.library() != nullptr; }
  static Block* alone(Block* block) noexcept {
    block->next = nullptr;
    return block;
  }
  /// A block of a class, without `make_ready`.
  Block* take_class(std::size_t index, Status& why) noexcept {
    ThreadCache* cache = own_cache();
    Block* block = cache != nullptr ? cache->take(index) : nullptr;
    return block != nullptr ? block : refill(index, why);
  }
  /// A block that is a run, without `make_ready`.
  Block* take_run(std::size_t pages, std::uint16_t origin, Status& why,
                  std::uint32_t alignment = 1) noexcept;
  Block* allocate_run(std::size_t bytes, Status& why, std::uint32_t alignment = 1) noexcept;
  void deallocate_run(Block* block) noexcept;
  /// Gives back blocks of a class of runs.
  void put_runs(Chain chain) noexcept;
  Block* refill(std::size_t index, Status& why) noexcept;
  /// Before pages are taken, no lock held: what lies free in caches is used before the pool grows.
  void collect_before_growth(std::size_t pages) noexcept;
  /// What threads and depots keep goes back to slabs and runs.
  void collect() noexcept;
  /// After pages were taken, no lock held: what lies in caches is no reason to pass the limit.
  void keep_limit() noexcept {
    if (heap_.passed_limit()) [[unlikely]]
      give_up_excess();
  }
  void give_up_excess() noexcept;
  void cache_block(ThreadCache& cache, Block* block) noexcept;
  /// All blocks of one class but the `keep` used last, which are warm in the processor's cache.
  static Chain cut(Magazine& magazine, std::uint32_t keep) noexcept;
  void put_back(std::size_t index, Chain chain) noexcept;
  void put_in_slabs(std::size_t index, Block* chain) noexcept;
  /// Keeps all owners out; under the lock of the list.
  void claim_all() noexcept;
  void empty_caches() noexcept;
  void trim_class(std::size_t index) noexcept;
  void give_up_unused_caches() noexcept;
  void give_up(ThreadCache& cache) noexcept;
  void give_up_unused_slabs() noexcept;
  /// Free pages that are not promised to anybody.
  [[nodiscard]] std::size_t spare_pages() const noexcept;
  PageSource& page_source() noexcept;
  bool prefault_class(std::size_t index, std::size_t bytes) noexcept;
  Chain take_from_slabs(std::size_t index, std::uint32_t wanted, Status& why) noexcept;

  AnonymousPages private_pages_;
  LibraryPages library_pages_;
  SharedPages shared_pages_;
  const bool shared_;
  mutable PageHeap heap_;  ///< Who looks at its runs has them joined first.
  const bool on_valgrind_;
  const bool thread_caches_;
  const std::size_t red_zone_bytes_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> references_{1};
  std::atomic<std::size_t> promised_bytes_{0};
  /// A bit for each class that may have a slab with cold pages. Set and cleared under its lock.
  std::atomic<std::uint64_t> cold_classes_{0};
  static_assert(slab_classes <= 64);
  /// Below so many touched pages the pool grows without collecting what is in caches: 64 KiB; and
  /// after a collection that was in vain, until it has grown by a thirty-second.
  std::atomic<std::size_t> collect_at_pages_{16};
  /// Blocks of each class that is not cut from slabs.
  std::array<std::atomic<std::uint64_t>, size_classes - slab_classes> class_runs_{};
  std::atomic<std::uint64_t> first_touch_pages_{0};
  mutable std::array<SlabList, slab_classes> lists_;
  mutable std::mutex caches_mutex_;
  ThreadCache* caches_ = nullptr;
};

}  // namespace frys::detail
