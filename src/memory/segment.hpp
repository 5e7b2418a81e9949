// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One reserved range of addresses and the records of the runs that it is cut into.
//
// Layout: apart from the range, in one mapping whose pages take memory when they are written: the
// segment, four bytes a page that name the page's run, and the run records, given out from a list.
// 100 pages in one run cost 136 bytes; the smallest run of one page costs 132 bytes for 4 KiB.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "memory/block.hpp"
#include "memory/os_memory.hpp"

namespace frys::detail {

struct Segment;

/// Some pages in a row. What it is as a block is the base; `Block::slab` is set while the run is
/// cut into a slab. The rest is guarded by the heap's lock, but for `segment`, `start` and `count`,
/// which stay while the run is taken.
struct PageRun : Block {
  Segment* segment = nullptr;
  PageRun* previous = nullptr;  ///< In a ring, while it lies in a bin.
  PageRun* following = nullptr;
  std::uint32_t start = 0;
  std::uint32_t count = 0;
  std::uint32_t bin = 0;  ///< Where it lies while it is free.
  bool free = false;
  bool warm = false;  ///< While free: whether all its pages are touched, or none.

  [[nodiscard]] std::uint32_t end() const noexcept { return start + count; }
  [[nodiscard]] std::byte* address() const noexcept;
};
static_assert(sizeof(PageRun) == 128);

struct Segment {
  std::byte* base = nullptr;
  std::uint32_t page_count = 0;
  std::uint32_t used_pages = 0;    ///< In runs that are not free.
  std::uint32_t mapped_end = 0;    ///< The page map has no entry from this page on.
  std::uint32_t records_made = 0;  ///< Of `runs`, which were ever used; the first one never is.
  std::uint32_t* index = nullptr;  ///< Right at the ends of every run, and within a slab's run.
  PageRun* runs = nullptr;
  PageRun* spare = nullptr;  ///< Records to use again.
  Segment* previous = nullptr;
  Segment* following = nullptr;
  std::size_t metadata_bytes = 0;
  std::atomic<bool> huge_pages{false};  ///< Whether huge pages were asked for.

  [[nodiscard]] std::size_t bytes() const noexcept {
    return std::size_t{page_count} * heap_page_bytes;
  }
  [[nodiscard]] std::byte* address_of(std::uint32_t page) const noexcept {
    return base + std::size_t{page} * heap_page_bytes;
  }
  /// The run that begins or ends here, or whose slab has the page.
  [[nodiscard]] PageRun* run_at(std::uint32_t page) const noexcept { return runs + index[page]; }
  /// The free run that ends before `page`, or that begins there; null when there is none.
  [[nodiscard]] PageRun* free_before(std::uint32_t page) const noexcept {
    if (page == 0) return nullptr;
    PageRun* run = run_at(page - 1);
    return run->free ? run : nullptr;
  }
  [[nodiscard]] PageRun* free_from(std::uint32_t page) const noexcept {
    if (page == page_count) return nullptr;
    PageRun* run = run_at(page);
    return run->free ? run : nullptr;
  }

  void set_bounds(PageRun* run, std::uint32_t start, std::uint32_t count) noexcept {
    run->start = start;
    run->count = count;
    const auto handle = static_cast<std::uint32_t>(run - runs);
    index[start] = handle;
    index[start + count - 1] = handle;
  }
  PageRun* make_run(std::uint32_t start, std::uint32_t count) noexcept {
    PageRun* run = spare;
    if (run != nullptr) {
      spare = run->following;
    } else {
      run = std::construct_at(runs + ++records_made);
      run->segment = this;
    }
    set_bounds(run, start, count);
    return run;
  }
  void drop_run(PageRun* run) noexcept {
    run->following = spare;
    spare = run;
  }

  /// Makes the records for a range. Null when the system refuses.
  static Segment* make(std::byte* base, std::uint32_t page_count, SystemCallCount& calls) noexcept;
  static void destroy(Segment* segment, SystemCallCount& calls) noexcept;
  /// What `make` maps for so many pages.
  static std::size_t metadata_bytes_for(std::size_t page_count) noexcept;
};

inline std::byte* PageRun::address() const noexcept { return segment->address_of(start); }

}  // namespace frys::detail
