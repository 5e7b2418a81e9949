// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/page_heap.hpp"

#include <array>
#include <bit>

#include "frys/core/machine.hpp"
#include "memory/huge_pages.hpp"
#include "memory/memory_tools.hpp"
#include "memory/page_map.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t segment_alignment = page_map_entry_bytes;
constexpr std::size_t most_reserved_bytes = std::size_t{1} << 40;
constexpr std::size_t most_pieces = 32;  ///< That pages are made ready in.
constexpr std::size_t shadowed_bytes = std::size_t{32} << 20;

std::size_t excess(std::size_t value, std::size_t limit) {
  return value > limit ? value - limit : 0;
}

// So much that one segment serves whatever the machine can hold, even in shreds. Little where it
// would be charged: by a tool's shadow memory, or by a system that lends no memory it has not got.
std::size_t chosen_segment_bytes() {
  if (has_shadow_memory() || !overcommits()) return shadowed_bytes;
  return std::min(most_reserved_bytes, std::bit_ceil(machine().memory_bytes * 2));
}

// What to ask for first when `least` bytes are needed.
std::size_t reservation_bytes(std::size_t least, std::size_t wished) {
  if (wished == 0) wished = chosen_segment_bytes();
  const std::size_t share = mappable_bytes() / 8 & ~(segment_alignment - 1);
  return std::max(least, std::min(round_up(wished, segment_alignment), share));
}

}  // namespace

PageHeap::PageHeap(PageSource& source, std::size_t segment_bytes, const Limits& limits,
                   FaultInjector* faults, HugePages huge) noexcept
    : limits_(limits),
      grain_(static_cast<std::uint32_t>(
          std::max<std::size_t>(machine().page_bytes / heap_page_bytes, 1))),
      source_(source),
      segment_bytes_(std::min(segment_bytes, std::size_t{most_run_pages} * heap_page_bytes)),
      faults_(faults),
      huge_(huge),
      on_valgrind_(runs_on_valgrind()) {}

PageHeap::~PageHeap() {
  settle();
  while (segments_ != nullptr) {
    Segment* segment = segments_;
    unlink(segment);
    unmap_segment(segment);
  }
}

PageRun* PageHeap::find(const void* address) noexcept {
  Segment* segment = page_map_find(address);
  if (segment == nullptr) return nullptr;
  const auto page =
      static_cast<std::size_t>(static_cast<const std::byte*>(address) - segment->base) /
      heap_page_bytes;
  return segment->run_at(static_cast<std::uint32_t>(page));
}

PageRun* PageHeap::take_cold(Lock& lock, std::uint32_t count, std::uint32_t alignment, Cold& cold,
                             Status& why) noexcept {
  PageRun* run = take_place(lock, count, alignment, cold, why);
  return run != nullptr && commit(lock, run, cold, why) ? run : nullptr;
}

PageRun* PageHeap::take_place(Lock& lock, std::uint32_t count, std::uint32_t alignment, Cold& cold,
                              Status& why) noexcept {
  PageRun* run = take_window(count, alignment, cold);
  return run != nullptr ? run : take_from_new_segment(lock, count, alignment, cold, why);
}

// Leaves the lock; takes it again, and gives the run back, where it fails.
bool PageHeap::commit(Lock& lock, PageRun* run, const Cold& cold, Status& why) noexcept {
  // Counted before, so that whoever takes pages meanwhile keeps within the limit.
  const std::size_t too_many = excess(touched_pages_of_both(), limits_.commit_pages);
  lock.unlock();
  make_known(*run);
  if (too_many != 0 && purge_both(too_many) < too_many) {
    over_limit_.store(true, std::memory_order_relaxed);
  }
  const std::size_t bytes = std::size_t{run->count} * heap_page_bytes;
  if (cold.pages == 0 || source_.commit(run->address(), bytes)) return true;
  lock.lock();
  put_decommitted(lock, run);
  why = Status::out_of_memory();
  return false;
}

PageRun* PageHeap::take_from_new_segment(Lock& lock, std::uint32_t count, std::uint32_t alignment,
                                         Cold& cold, Status& why) noexcept {
  lock.unlock();
  Segment* segment = map_segment(count, why);
  lock.lock();
  if (segment == nullptr) return nullptr;
  // Somebody may have freed or mapped enough meanwhile.
  PageRun* run = take_warm(count, alignment);
  if (run == nullptr) run = take_window(count, alignment, cold);
  if (run == nullptr) {
    link(segment);
    return take_window(count, alignment, cold);
  }
  lock.unlock();
  unmap_segment(segment);
  lock.lock();
  return run;
}

// Lets addresses of the run be found, and asks for huge pages if they pay.
void PageHeap::make_known(PageRun& run) noexcept {
  Segment& segment = *run.segment;
  page_map_write(run.address(), std::size_t{run.count} * heap_page_bytes, &segment);
  if (run.count < huge_pages) return;
  const bool use =
      huge_ == HugePages::always || (huge_ == HugePages::automatic && huge_pages_pay_here());
  huge_use_.store(use ? HugePagesUse::advised : HugePagesUse::not_advised,
                  std::memory_order_relaxed);
  if (!use || segment.huge_pages.exchange(true, std::memory_order_relaxed)) return;
  source_.advise_huge_pages(segment.base, segment.bytes(), true);
}

// The run is nobody else's while the lock is left.
void PageHeap::put_decommitted(Lock& lock, PageRun* run) noexcept {
  lock.unlock();
  source_.decommit(run->address(), std::size_t{run->count} * heap_page_bytes);
  lock.lock();
  touched_pages_ -= run->count;
  put(run, false);
}

std::size_t PageHeap::pages_in_use() const noexcept {
  const std::lock_guard lock(lock_);
  return touched_pages_ - idle_pages_;
}

// A run whose pages are all touched, of those that are being prepared. The lock is left meanwhile
// when they have to be touched.
PageRun* PageHeap::take_touched(Lock& lock, std::uint32_t count, Status& why) noexcept {
  Cold cold;
  PageRun* run = take_warm(count, 1);
  const bool warm = run != nullptr;
  if (!warm) run = take_place(lock, count, grain_, cold, why);
  if (run == nullptr) return nullptr;
  preparing_pages_ += count;
  if (warm) return run;
  if (!commit(lock, run, cold, why)) {
    preparing_pages_ -= count;
    return nullptr;
  }
  const bool populated =
      cold.pages == 0 || source_.populate(run->address(), std::size_t{count} * heap_page_bytes);
  lock.lock();
  if (populated) return run;
  preparing_pages_ -= count;
  put_decommitted(lock, run);
  why = Status::out_of_memory();
  return nullptr;
}

Status PageHeap::prefault(std::size_t count, std::size_t longest) noexcept {
  const PageHeap* other = other_.load(std::memory_order_acquire);
  const std::size_t used_elsewhere = other != nullptr ? other->pages_in_use() : 0;
  Lock lock(lock_);
  settle();
  count = round_up(std::min(count, most_idle_pages(used_elsewhere)), grain_);
  if (count == 0 || (longest < count && usable_pages(longest) >= count)) return {};
  if (count > most_run_pages) return Status::out_of_memory();
  // What such requests would take is taken, all of it before any is given back.
  const std::size_t piece = round_up(std::max(longest, count / most_pieces + 1), grain_);
  std::array<PageRun*, most_pieces> taken;
  std::size_t pieces = 0;
  Status why;
  std::size_t ready = 0;
  while (ready < count) {
    const auto pages = static_cast<std::uint32_t>(std::min(piece, count - ready));
    PageRun* run = take_touched(lock, pages, why);
    if (run == nullptr) break;
    taken[pieces++] = run;
    ready += pages;
  }
  // Other runs give way, so that these are kept.
  if (const std::size_t too_many = excess(idle_pages_ + ready, limits_.retain_pages)) {
    lock.unlock();
    purge(too_many);
    lock.lock();
  }
  for (std::size_t i = 0; i < pieces; ++i) {
    preparing_pages_ -= taken[i]->count;
    idle_pages_ += taken[i]->count;
    put(taken[i], true);
  }
  return why;
}

std::size_t PageHeap::purge(std::size_t most_pages) noexcept {
  std::size_t purged = 0;
  Lock lock(lock_);
  while (purged < most_pages) {
    settle();
    PageRun* longest = warm_.longest();
    if (longest == nullptr) break;
    const std::size_t wanted =
        round_up(std::min<std::size_t>(most_pages - purged, most_run_pages), grain_);
    const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(longest->count, wanted));
    PageRun* run = cut(longest, longest->end() - count, count);
    lower_idle(count);
    put_decommitted(lock, run);
    purged += count;
  }
  return purged;
}

std::size_t PageHeap::purge_both(std::size_t most_pages) noexcept {
  const std::size_t purged = purge(most_pages);
  PageHeap* other = other_.load(std::memory_order_acquire);
  if (purged >= most_pages || other == nullptr) return purged;
  return purged + other->purge(most_pages - purged);
}

void PageHeap::join(PageHeap& a, PageHeap& b) noexcept {
  a.other_.store(&b, std::memory_order_release);
  b.other_.store(&a, std::memory_order_release);
}

void PageHeap::separate(PageHeap& heap) noexcept {
  PageHeap* other = heap.other_.exchange(nullptr);
  if (other != nullptr) other->other_.store(nullptr);
}

void PageHeap::purge_excess() noexcept {
  std::size_t too_many = 0;
  {
    const std::lock_guard lock(lock_);
    too_many = excess(touched_pages_of_both(), limits_.commit_pages);
  }
  purge_both(too_many);
}

std::size_t PageHeap::take_idle_floor() noexcept {
  const std::lock_guard lock(lock_);
  const std::size_t floor = idle_floor_;
  idle_floor_ = idle_pages_;
  return floor;
}

void PageHeap::trim() noexcept {
  Segment* unused = nullptr;
  std::size_t idle = 0;
  {
    const std::lock_guard lock(lock_);
    settle();
    for (Segment* segment = segments_; segment != nullptr;) {
      Segment* following = segment->following;
      if (segment->used_pages == 0) {
        unlink(segment);
        segment->following = unused;
        unused = segment;
      }
      segment = following;
    }
    idle = idle_pages_;
  }
  while (unused != nullptr) {
    Segment* segment = unused;
    unused = segment->following;
    unmap_segment(segment);
  }
  purge(idle);
}

void PageHeap::close() noexcept {
  {
    const std::lock_guard lock(lock_);
    limits_.retain_pages = 0;
  }
  faults_.store(nullptr, std::memory_order_relaxed);
  trim();
}

PageHeap::Stats PageHeap::stats() const noexcept {
  const std::lock_guard lock(lock_);
  return {mapped_pages_ * heap_page_bytes, touched_pages_ * heap_page_bytes,
          (idle_pages_ + preparing_pages_) * heap_page_bytes, segment_count_,
          huge_use_.load(std::memory_order_relaxed)};
}

Segment* PageHeap::map_segment(std::uint32_t least_pages, Status& why) noexcept {
  if (FaultInjector* faults = faults_.load(std::memory_order_relaxed); faults != nullptr) {
    why = faults->check("memory.map");
    if (!why.ok()) return nullptr;
  }
  why = Status::out_of_memory();
  const std::size_t least = round_up(std::size_t{least_pages} * heap_page_bytes, segment_alignment);
  std::size_t bytes = std::max(
      least, std::min(reservation_bytes(least, segment_bytes_), source_.most_bytes_at_once()));
  Segment* segment = nullptr;
  for (;; bytes = std::max(least, round_up(bytes / 2, segment_alignment))) {
    if (void* base = source_.map(bytes, segment_alignment); base != nullptr) {
      segment = Segment::make(static_cast<std::byte*>(base),
                              static_cast<std::uint32_t>(bytes / heap_page_bytes), source_.calls());
      if (segment != nullptr) break;
      source_.unmap(base, bytes);
    }
    if (bytes == least) return nullptr;
  }
  if (!page_map_prepare(segment->base, bytes, source_.calls())) {
    unmap_segment(segment);
    return nullptr;
  }
  if (huge_ == HugePages::never) source_.advise_huge_pages(segment->base, bytes, false);
  poison(segment->base, bytes, on_valgrind_);
  why = {};
  return segment;
}

// Precondition: in no list, and its runs in no bin.
void PageHeap::unmap_segment(Segment* segment) noexcept {
  const std::size_t known = std::size_t{segment->mapped_end} * heap_page_bytes;
  if (known != 0) page_map_write(segment->base, known, nullptr);
  unpoison(segment->base, segment->bytes(), on_valgrind_);
  source_.unmap(segment->base, segment->bytes());
  Segment::destroy(segment, source_.calls());
}

void PageHeap::link(Segment* segment) noexcept {
  segment->previous = nullptr;
  segment->following = segments_;
  if (segments_ != nullptr) segments_->previous = segment;
  segments_ = segment;
  mapped_pages_ += segment->page_count;
  ++segment_count_;
  insert(segment->make_run(0, segment->page_count), false);
}

// Precondition: all its runs are free.
void PageHeap::unlink(Segment* segment) noexcept {
  for (std::uint32_t page = 0; page < segment->page_count;) {
    PageRun* run = segment->run_at(page);
    bins(run->warm).remove(run);
    if (run->warm) {
      lower_idle(run->count);
      touched_pages_ -= run->count;
    }
    page = run->end();
  }
  mapped_pages_ -= segment->page_count;
  --segment_count_;
  if (segment->previous != nullptr) segment->previous->following = segment->following;
  if (segment->following != nullptr) segment->following->previous = segment->previous;
  if (segments_ == segment) segments_ = segment->following;
}

}  // namespace frys::detail
