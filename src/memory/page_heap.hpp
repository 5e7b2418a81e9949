// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Cuts large reserved ranges ("segments") into runs of 4 KiB pages, for slabs and for large blocks.
//
// A free run is warm (all its pages were used or made ready since they were mapped or given back)
// or cold (none). Free neighbours of one kind are joined as they are freed; of two kinds they stay
// apart, so that who takes a warm run has to ask nobody which of its pages are touched. What was
// freed last is joined when something else is asked for. Both kinds
// lie in bins by length (run_bins.hpp). A request takes a short warm run that fits. When none does,
// it looks at the longest warm runs and one cold one, each with the free neighbours on both sides,
// and takes the place that has the fewest cold pages there. Only when that has no place either are
// all runs looked at, before another range is reserved.
//
// Before a page is touched that takes the heap beyond its limit, as many free ones are given back.
// Pages in use alone may exceed it: how many those may be is for the budgets above to say.
//
// Invariants, under the heap's lock: every page of a segment is in exactly one run; the index names
// the run at its first and its last page; no two free runs of one kind are neighbours, but for the
// one freed last.
//
// Cost, nothing cold involved: constant, a few cache lines whatever the length. No system call is
// made under the lock: what is mapped, populated or given back belongs to no bin meanwhile.
//
// Threads: every member is safe; one lock. `find` takes none: an entry of the page map is set
// before the first block in its range is handed out and cleared after the last.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "frys/core/environment.hpp"
#include "frys/memory/arena.hpp"
#include "frys/memory/pool.hpp"
#include "memory/page_source.hpp"
#include "memory/run_bins.hpp"
#include "memory/segment.hpp"
#include "memory/short_lock.hpp"

namespace frys::detail {

class PageHeap {
 public:
  static constexpr std::size_t no_limit = ~std::size_t{0};
  struct Limits {
    std::size_t retain_pages = no_limit;  ///< Most free pages to keep.
    std::size_t commit_pages = no_limit;  ///< Most pages to keep, free and used ones together.
  };
  /// Runs of so many pages and more start at a multiple of it where that costs no memory: what a
  /// huge page can back.
  static constexpr std::uint32_t huge_pages = 512;

  /// `segment_bytes`: the least to reserve at once; 0 chooses.
  PageHeap(PageSource& source, std::size_t segment_bytes, const Limits& limits,
           FaultInjector* faults, HugePages huge = HugePages::never) noexcept;
  /// Unmaps everything; every run is free by then.
  ~PageHeap();
  PageHeap(const PageHeap&) = delete;
  PageHeap& operator=(const PageHeap&) = delete;

  /// Which pages of a run that was taken were never touched.
  struct Cold {
    std::uint32_t pages = 0;
    std::uint64_t mask = 0;  ///< A bit for each of the first 64 pages.
  };

  /// Takes a run of `count` ≥ 1 pages, which count as touched from now on, at a multiple of
  /// `alignment` pages (a power of two, at most 1024). Null when refused; then `why` says so.
  PageRun* take(std::size_t count, Cold& cold, Status& why, std::uint32_t alignment = 1) noexcept;
  /// The same of pages that are touched already; null when there is no such run. Cost: the lock.
  PageRun* try_take(std::size_t count, std::uint32_t alignment = 1) noexcept;
  /// True when `try_take` would find a run.
  [[nodiscard]] bool has_warm(std::size_t count) noexcept;
  [[nodiscard]] std::size_t touched_pages() const noexcept {
    return touched_pages_.load(std::memory_order_relaxed);
  }
  /// `still_cold`: a bit for each of the first 64 pages that was cold and not used after all.
  void give_back(PageRun* run, std::uint64_t still_cold = 0) noexcept;
  /// Gives back runs that are linked by `Block::next`, at one visit.
  void give_back_all(Block* chain) noexcept;

  /// Touches pages of a run that was taken. False when the system has no memory for them.
  bool populate(std::byte* pages, std::size_t bytes) noexcept {
    return source_.populate(pages, bytes);
  }

  /// Makes requests for `count` pages, of up to `longest` each, find touched ones, or for as many
  /// as the limits allow. Nothing when they find enough among those there are.
  Status prefault(std::size_t count, std::size_t longest = most_run_pages) noexcept;
  /// Gives all free pages back; unmaps segments that are free as a whole.
  void trim() noexcept;
  /// Gives back up to so many free touched pages, from the ends of the longest runs, and of those
  /// first from what has lain longest. Returns how many. Cost: a system call a run.
  std::size_t purge(std::size_t most_pages) noexcept;
  /// True, once, after pages were taken that the limit has no room for although none were free:
  /// whoever has free ones elsewhere gives them back, and then has the excess purged.
  [[nodiscard]] bool passed_limit() noexcept {
    return over_limit_.load(std::memory_order_relaxed) &&
           over_limit_.exchange(false, std::memory_order_relaxed);
  }
  void purge_excess() noexcept;
  /// The least number of free touched pages there was since this was asked last.
  std::size_t take_idle_floor() noexcept;
  /// Lets two heaps keep within the commit limit together: what both have touched counts, and each
  /// takes free pages of the other when it has none. Both stay until they are separated, by when
  /// nobody takes pages of either.
  static void join(PageHeap& a, PageHeap& b) noexcept;
  static void separate(PageHeap& heap) noexcept;
  /// From now on free pages go back to the system at once, and no fault injector is asked.
  void close() noexcept;

  /// Keeps everybody out while the process forks.
  void hold_for_fork() noexcept { lock_.lock(); }
  void let_go_after_fork() noexcept { lock_.unlock(); }

  /// The run that starts at `address`, or whose slab the address lies in. Null when the address is
  /// in no pool of this process. Precondition: otherwise somebody holds the block.
  static PageRun* find(const void* address) noexcept;

  struct Stats {
    std::size_t mapped_bytes, committed_bytes, free_committed_bytes;
    [[nodiscard]] std::size_t used_bytes() const noexcept {
      return committed_bytes - free_committed_bytes;
    }
    std::uint64_t segments;
    HugePagesUse huge_pages;
  };
  [[nodiscard]] Stats stats() const noexcept;
  /// Cost: the lock, O(runs). Throws std::bad_alloc.
  [[nodiscard]] std::vector<SegmentSnapshot> segments();
  [[nodiscard]] std::uint64_t calls() const noexcept { return source_.calls().load(); }
  [[nodiscard]] bool on_valgrind() const noexcept { return on_valgrind_; }

 private:
  using Lock = std::unique_lock<ShortLock>;
  /// Part of one or more free neighbours.
  struct Window {
    PageRun* first = nullptr;  ///< Where it begins, or a free run before that.
    std::uint32_t start = 0;
    std::uint32_t cold = 0;
  };

  // Without a system call, under the lock (page_heap_runs.cpp).
  RunBins& bins(bool warm) noexcept { return warm ? warm_ : cold_; }
  PageRun* take_warm(std::uint32_t count, std::uint32_t alignment) noexcept;
  PageRun* take_window(std::uint32_t count, std::uint32_t alignment, Cold& cold) noexcept;
  Window best_window(std::uint32_t count, std::uint32_t alignment) const noexcept;
  Window any_window(std::uint32_t count, std::uint32_t alignment) const noexcept;
  PageRun* claim(const Window& window, std::uint32_t count, Cold& cold) noexcept;
  PageRun* cut(PageRun* run, std::uint32_t start, std::uint32_t count) noexcept;
  void resize(PageRun* run, std::uint32_t start, std::uint32_t count) noexcept;
  void insert(PageRun* run, bool warm) noexcept;
  void put(PageRun* run, bool warm) noexcept;
  /// The run that was freed last becomes like all others.
  void settle() noexcept {
    if (last_ != nullptr) put(std::exchange(last_, nullptr), true);
  }
  void put_parts(PageRun* run, std::uint64_t cold) noexcept;
  void lower_idle(std::size_t pages) noexcept {
    idle_pages_ -= pages;
    idle_floor_ = std::min(idle_floor_, idle_pages_);
  }
  [[nodiscard]] std::size_t most_idle_pages(std::size_t used_elsewhere) const noexcept;
  [[nodiscard]] std::size_t touched_pages_of_both() const noexcept;
  [[nodiscard]] std::size_t usable_pages(std::size_t longest) const noexcept;

  // With system calls, the lock left meanwhile (page_heap.cpp).
  PageRun* take_cold(Lock& lock, std::uint32_t count, std::uint32_t alignment, Cold& cold,
                     Status& why) noexcept;
  PageRun* take_from_new_segment(Lock& lock, std::uint32_t count, std::uint32_t alignment,
                                 Cold& cold, Status& why) noexcept;
  PageRun* take_place(Lock& lock, std::uint32_t count, std::uint32_t alignment, Cold& cold,
                      Status& why) noexcept;
  bool commit(Lock& lock, PageRun* run, const Cold& cold, Status& why) noexcept;
  PageRun* take_touched(Lock& lock, std::uint32_t count, Status& why) noexcept;
  void make_known(PageRun& run) noexcept;
  [[nodiscard]] std::size_t pages_in_use() const noexcept;
  std::size_t purge_both(std::size_t most_pages) noexcept;
  void put_decommitted(Lock& lock, PageRun* run) noexcept;
  Segment* map_segment(std::uint32_t least_pages, Status& why) noexcept;
  void unmap_segment(Segment* segment) noexcept;
  void link(Segment* segment) noexcept;
  void unlink(Segment* segment) noexcept;

  // The lock and what every request touches lie together.
  alignas(64) mutable ShortLock lock_;
  std::size_t idle_pages_ = 0;  ///< Free and touched.
  std::size_t idle_floor_ = 0;
  std::size_t preparing_pages_ = 0;  ///< Taken by `prefault`, and free again when it returns.
  Limits limits_;
  std::atomic<std::size_t> touched_pages_{0};  ///< Written under the lock; the other heap reads it.
  /// Freed last, touched, and not joined with its neighbours yet: who asks for as many pages again,
  /// as the steps of a loop do, has it back at once.
  PageRun* last_ = nullptr;
  std::uint32_t grain_;  ///< Pages of the heap in a page of the system.
  RunBins warm_;
  RunBins cold_;
  Segment* segments_ = nullptr;
  std::size_t mapped_pages_ = 0;
  std::uint64_t segment_count_ = 0;
  PageSource& source_;
  std::size_t segment_bytes_;
  std::atomic<PageHeap*> other_{nullptr};  ///< The heap that it keeps the commit limit with.
  std::atomic<FaultInjector*> faults_;
  HugePages huge_;
  std::atomic<HugePagesUse> huge_use_{HugePagesUse::undecided};
  std::atomic<bool> over_limit_{false};
  bool on_valgrind_;
};

}  // namespace frys::detail
