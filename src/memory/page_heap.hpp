// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Cuts large mappings ("segments") into runs of 64 KiB pages, for slabs and for large blocks.
//
// A free run keeps its pages. Free runs lie in bins by length, four bins an octave; neighbours are
// joined as they are freed. A request takes the run with the fewest cold pages, then the shortest:
// best fit among what is warm. Runs are cut from the front, so cold pages gather at the ends.
//
// Before a page is touched that takes the heap beyond its limit, as many free ones are given back.
// Pages in use alone may exceed it: how many those may be is for the budgets above to say.
//
// Invariants, under the heap's lock: every page of a segment is in exactly one run; the first and
// the last page of a free run know its length; no two free runs are neighbours; `touched` has a bit
// set for a page that was used or made ready since it was mapped or given back.
//
// Threads: every member is safe; one lock. `find` takes none: the page map's entries are set before
// the first block of a segment is handed out and cleared after its last.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "frys/core/environment.hpp"
#include "memory/block.hpp"
#include "memory/os_memory.hpp"

namespace frys::detail {

struct Segment;

/// One 64 KiB page of a segment.
struct Page {
  Block block;       ///< Used when a large block starts here.
  Segment* segment;  ///< Set at the first and the last page of every run.
  Page* previous;    ///< In a bin, while a free run starts here.
  Page* following;
  Slab* slab;                ///< The slab this page is part of.
  std::uint32_t run_pages;   ///< At the first page of a run, and at the last of a free one.
  std::uint32_t warm_pages;  ///< Free run: how many pages from its first on are touched.
  bool free;
};

struct Segment {
  std::byte* base;
  std::uint32_t page_count;
  std::uint32_t metadata_bytes;
  Segment* previous;
  Segment* following;
  Page* pages;
  std::uint64_t* touched;

  [[nodiscard]] std::uint32_t index_of(const Page* page) const noexcept {
    return static_cast<std::uint32_t>(page - pages);
  }
  [[nodiscard]] std::byte* address_of(const Page* page) const noexcept {
    return base + std::size_t{index_of(page)} * pool_page_bytes;
  }
  [[nodiscard]] bool is_touched(std::uint32_t page) const noexcept {
    return (touched[page / 64] >> (page % 64) & 1) != 0;
  }
};

class PageHeap {
 public:
  static constexpr std::size_t no_limit = ~std::size_t{0};
  struct Limits {
    std::size_t retain_pages = no_limit;  ///< Most free pages to keep.
    std::size_t commit_pages = no_limit;  ///< Most pages to keep, free and used ones together.
  };
  PageHeap(std::size_t segment_bytes, const Limits& limits, FaultInjector* faults) noexcept;
  /// Unmaps everything; every run is free by then.
  ~PageHeap();
  PageHeap(const PageHeap&) = delete;
  PageHeap& operator=(const PageHeap&) = delete;

  /// Which pages of a run that was taken were never touched.
  struct Cold {
    std::uint32_t pages = 0;
    std::uint16_t first_sixteen = 0;  ///< A bit for each of the first sixteen pages.
  };

  /// Takes a run of `count` ≥ 1 pages, which count as touched from now on.
  /// Null when refused; then `why` says so.
  Page* take(std::uint32_t count, Cold& cold, Status& why) noexcept;
  /// `still_cold`: a bit for each of the first sixteen pages that was cold and not used after all.
  void give_back(Page* first, std::uint16_t still_cold = 0) noexcept;

  /// Touches pages of a run that was taken. False when the system has no memory for them.
  bool populate(std::byte* pages, std::size_t bytes) noexcept {
    return populate_pages(pages, bytes, calls_);
  }

  /// Makes one free run whose first `count` pages, or as many as the limits allow, are touched.
  Status prefault(std::uint32_t count) noexcept;
  /// Gives all free pages back; unmaps segments that are free as a whole.
  void trim() noexcept;
  /// From now on free pages go back to the system at once, and no fault injector is asked.
  void close() noexcept;

  /// The page that `address` lies in; null when it is in no pool of this process.
  static Page* find(const void* address) noexcept;

  struct Stats {
    std::size_t mapped_bytes, committed_bytes, free_committed_bytes;
    std::uint64_t segments;
  };
  [[nodiscard]] Stats stats() const noexcept;
  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_.load(); }
  [[nodiscard]] bool on_valgrind() const noexcept { return on_valgrind_; }

 private:
  static constexpr std::size_t bin_count = 128;

  /// Cuts a run out of the free ones, mapping a segment if none fits.
  Page* cut_locked(std::uint32_t count, Status& why) noexcept;
  Page* best_run(std::uint32_t count) const noexcept;
  Segment* map_segment(std::uint32_t least_pages, Status& why) noexcept;
  void unmap_segment(Segment* segment) noexcept;
  void insert(Segment& segment, Page* first, std::uint32_t count) noexcept;
  void remove(Page* first) noexcept;
  void put_locked(Page* first) noexcept;
  /// The most free pages that may be touched, beside the pages in use.
  [[nodiscard]] std::size_t most_free_pages() const noexcept;
  /// Gives back so many free pages, or all there are, from the ends of the longest runs.
  void decommit_free(std::size_t pages) noexcept;
  /// The same of one free run. Returns how many it were.
  std::size_t decommit_end(Page* first, std::size_t pages) noexcept;

  mutable std::mutex mutex_;
  std::array<Page*, bin_count> bins_{};
  Segment* segments_ = nullptr;
  std::size_t segment_pages_;
  Limits limits_;
  FaultInjector* faults_;
  std::size_t mapped_pages_ = 0;
  std::size_t touched_pages_ = 0;
  std::size_t free_touched_pages_ = 0;
  std::uint64_t segment_count_ = 0;
  SystemCallCount calls_{0};
  bool on_valgrind_;
};

}  // namespace frys::detail
