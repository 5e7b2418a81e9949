// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/page_heap.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

#include "memory/memory_tools.hpp"

namespace frys::detail {
namespace {

constexpr std::uintptr_t user_addresses = std::uintptr_t{1} << 47;
constexpr std::size_t leaf_entries = 65536;

// The page map: two levels over the 47 bits of a user address, 64 KiB an entry, one for all pools
// of the process. Leaves are mapped when first needed, 4 GiB of addresses each, and never freed.
struct Leaf {
  std::atomic<Segment*> entries[leaf_entries];
};
std::array<std::atomic<Leaf*>, user_addresses / pool_page_bytes / leaf_entries> page_map_root;

// Calls `body(word, mask)` for the words that hold the bits [first, first + count).
template <typename Body>
void for_bits(std::uint32_t first, std::uint32_t count, Body&& body) {
  const std::uint32_t end = first + count;
  while (first < end) {
    const std::uint32_t in_word = std::min(64 - first % 64, end - first);
    const std::uint64_t ones =
        in_word == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << in_word) - 1;
    body(first / 64, ones << (first % 64));
    first += in_word;
  }
}

std::uint32_t touched_in(const Segment& segment, std::uint32_t first, std::uint32_t count) {
  std::uint32_t sum = 0;
  for_bits(first, count, [&](std::uint32_t word, std::uint64_t mask) {
    sum += static_cast<std::uint32_t>(std::popcount(segment.touched[word] & mask));
  });
  return sum;
}

void set_touched(Segment& segment, std::uint32_t first, std::uint32_t count, bool on) {
  for_bits(first, count, [&](std::uint32_t word, std::uint64_t mask) {
    segment.touched[word] = on ? segment.touched[word] | mask : segment.touched[word] & ~mask;
  });
}

// How many pages from `first` on, at most `count`, are touched.
std::uint32_t warm_prefix(const Segment& segment, std::uint32_t first, std::uint32_t count) {
  std::uint32_t warm = 0;
  while (warm < count) {
    const std::uint32_t at = first + warm;
    const std::uint64_t rest = ~(segment.touched[at / 64] >> (at % 64));
    const std::uint32_t run = static_cast<std::uint32_t>(std::countr_zero(rest));
    const std::uint32_t in_word = std::min(run, 64 - at % 64);
    if (in_word == 0) break;
    warm += in_word;
  }
  return std::min(warm, count);
}

std::size_t excess(std::size_t value, std::size_t limit) {
  return value > limit ? value - limit : 0;
}

std::size_t bin_of(std::uint32_t count) { return class_of_units(count); }

// Writes `segment` (or null) into the map for all its pages. False when a leaf cannot be had.
bool write_page_map(const Segment& segment, Segment* value, SystemCallCount& calls) noexcept {
  const auto base = reinterpret_cast<std::uintptr_t>(segment.base);
  for (std::size_t page = 0; page < segment.page_count; ++page) {
    const std::uintptr_t number = base / pool_page_bytes + page;
    std::atomic<Leaf*>& slot = page_map_root[number / leaf_entries];
    Leaf* leaf = slot.load(std::memory_order_acquire);
    if (leaf == nullptr) {
      void* fresh = map_pages(sizeof(Leaf), 64, calls);
      if (fresh == nullptr) return false;
      // Zeroed pages are a Leaf of null pointers.
      if (slot.compare_exchange_strong(leaf, static_cast<Leaf*>(fresh),
                                       std::memory_order_acq_rel)) {
        leaf = static_cast<Leaf*>(fresh);
      } else {
        unmap_pages(fresh, sizeof(Leaf), calls);
      }
    }
    leaf->entries[number % leaf_entries].store(value, std::memory_order_release);
  }
  return true;
}

}  // namespace

PageHeap::PageHeap(std::size_t segment_bytes, const Limits& limits, FaultInjector* faults) noexcept
    : segment_pages_(std::max(segment_bytes, std::size_t{4} << 20) / pool_page_bytes),
      limits_(limits),
      faults_(faults),
      on_valgrind_(runs_on_valgrind()) {}

PageHeap::~PageHeap() {
  while (segments_ != nullptr) unmap_segment(segments_);
}

Page* PageHeap::find(const void* address) noexcept {
  const auto number = reinterpret_cast<std::uintptr_t>(address) / pool_page_bytes;
  if (number / leaf_entries >= page_map_root.size()) return nullptr;
  Leaf* leaf = page_map_root[number / leaf_entries].load(std::memory_order_acquire);
  if (leaf == nullptr) return nullptr;
  Segment* segment = leaf->entries[number % leaf_entries].load(std::memory_order_acquire);
  if (segment == nullptr) return nullptr;
  const auto base = reinterpret_cast<std::uintptr_t>(segment->base);
  return segment->pages + (number - base / pool_page_bytes);
}

Page* PageHeap::take(std::uint32_t count, Cold& cold, Status& why) noexcept {
  const std::lock_guard lock(mutex_);
  Page* first = cut_locked(count, why);
  if (first == nullptr) return nullptr;
  Segment& segment = *first->segment;
  const std::uint32_t index = segment.index_of(first);
  cold.pages = count - touched_in(segment, index, count);
  cold.first_sixteen = 0;
  if (cold.pages != 0) {
    for (std::uint32_t i = 0; i < std::min<std::uint32_t>(count, 16); ++i) {
      if (!segment.is_touched(index + i)) cold.first_sixteen |= static_cast<std::uint16_t>(1U << i);
    }
    decommit_free(excess(touched_pages_ + cold.pages, limits_.commit_pages));
    set_touched(segment, index, count, true);
    touched_pages_ += cold.pages;
  }
  return first;
}

void PageHeap::give_back(Page* first, std::uint16_t still_cold) noexcept {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t i = 0; still_cold != 0; ++i, still_cold >>= 1) {
    if ((still_cold & 1) == 0) continue;
    set_touched(*first->segment, first->segment->index_of(first) + i, 1, false);
    --touched_pages_;
  }
  put_locked(first);
}

Status PageHeap::prefault(std::uint32_t count) noexcept {
  std::unique_lock lock(mutex_);
  count = static_cast<std::uint32_t>(std::min<std::size_t>(count, most_free_pages()));
  if (count == 0) return {};
  Status why;
  // The run is ours while its pages are touched, so that the lock need not be held for it.
  Page* first = cut_locked(count, why);
  if (first == nullptr) return why;
  Segment& segment = *first->segment;
  const std::uint32_t begin = segment.index_of(first);
  for (std::uint32_t at = 0; at < count && why.ok();) {
    at += warm_prefix(segment, begin + at, count - at);
    std::uint32_t end = at;
    while (end < count && !segment.is_touched(begin + end)) ++end;
    if (at == end) break;
    decommit_free(excess(touched_pages_ + (end - at), limits_.commit_pages));
    // Counted before, so that whoever takes pages meanwhile keeps within the limit.
    set_touched(segment, begin + at, end - at, true);
    touched_pages_ += end - at;
    lock.unlock();
    const bool populated = populate_pages(segment.base + std::size_t{begin + at} * pool_page_bytes,
                                          std::size_t{end - at} * pool_page_bytes, calls_);
    lock.lock();
    if (!populated) {
      set_touched(segment, begin + at, end - at, false);
      touched_pages_ -= end - at;
      why = Status::out_of_memory();
    }
    at = end;
  }
  // Other runs give way, so that this one is kept.
  decommit_free(
      excess(free_touched_pages_ + touched_in(segment, begin, count), limits_.retain_pages));
  put_locked(first);
  return why;
}

std::size_t PageHeap::most_free_pages() const noexcept {
  const std::size_t used = touched_pages_ - free_touched_pages_;
  return std::min(limits_.retain_pages, excess(limits_.commit_pages, used));
}

void PageHeap::trim() noexcept {
  const std::lock_guard lock(mutex_);
  for (Segment* segment = segments_; segment != nullptr;) {
    Segment* following = segment->following;
    Page* pages = segment->pages;
    if (pages[0].free && pages[0].run_pages == segment->page_count) {
      unmap_segment(segment);
    } else {
      for (std::uint32_t i = 0; i < segment->page_count; i += pages[i].run_pages) {
        if (pages[i].free) decommit_end(&pages[i], pages[i].run_pages);
      }
    }
    segment = following;
  }
}

void PageHeap::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    limits_.retain_pages = 0;
    faults_ = nullptr;
  }
  trim();
}

PageHeap::Stats PageHeap::stats() const noexcept {
  const std::lock_guard lock(mutex_);
  return {mapped_pages_ * pool_page_bytes, touched_pages_ * pool_page_bytes,
          free_touched_pages_ * pool_page_bytes, segment_count_};
}

Page* PageHeap::cut_locked(std::uint32_t count, Status& why) noexcept {
  Page* first = best_run(count);
  if (first == nullptr) {
    Segment* segment = map_segment(count, why);
    if (segment == nullptr) return nullptr;
    first = segment->pages;
  }
  const std::uint32_t length = first->run_pages;
  remove(first);
  first->run_pages = count;
  if (length > count) insert(*first->segment, first + count, length - count);
  return first;
}

// The fewest cold pages among the first `count`, then the shortest. Looks at no more than 64 runs a
// bin, so that the cost stays bounded when memory is in shreds.
Page* PageHeap::best_run(std::uint32_t count) const noexcept {
  Page* best = nullptr;
  std::uint32_t best_cold = 0;
  for (std::size_t bin = bin_of(count); bin < bin_count; ++bin) {
    int looked_at = 0;
    for (Page* run = bins_[bin]; run != nullptr && looked_at < 64; run = run->following) {
      ++looked_at;
      if (run->run_pages < count) continue;
      const std::uint32_t cold = count - std::min(count, run->warm_pages);
      if (best == nullptr || cold < best_cold ||
          (cold == best_cold && run->run_pages < best->run_pages)) {
        best = run;
        best_cold = cold;
      }
    }
    if (best != nullptr && best_cold == 0) break;
  }
  return best;
}

Segment* PageHeap::map_segment(std::uint32_t least_pages, Status& why) noexcept {
  if (faults_ != nullptr) {
    why = faults_->check("memory.map");
    if (!why.ok()) return nullptr;
  }
  const std::size_t pages = std::max<std::size_t>(least_pages, segment_pages_);
  const std::size_t bytes = pages * pool_page_bytes;
  const std::size_t touched_words = (pages + 63) / 64;
  const std::size_t metadata = sizeof(Segment) + 64 + pages * sizeof(Page) + touched_words * 8;
  why = Status::out_of_memory();
  if (metadata > UINT32_MAX) return nullptr;
  void* raw = map_pages(metadata, 64, calls_);
  if (raw == nullptr) return nullptr;
  void* base = map_pages(bytes, pool_page_bytes, calls_);
  if (base == nullptr) {
    unmap_pages(raw, metadata, calls_);
    return nullptr;
  }
  // The metadata's pages are zero: pages are not free, in no bin, and untouched.
  auto* segment = ::new (raw) Segment{};
  auto* after = static_cast<std::byte*>(raw) + round_up(sizeof(Segment), 64);
  segment->base = static_cast<std::byte*>(base);
  segment->page_count = static_cast<std::uint32_t>(pages);
  segment->metadata_bytes = static_cast<std::uint32_t>(metadata);
  segment->pages = reinterpret_cast<Page*>(after);
  segment->touched = reinterpret_cast<std::uint64_t*>(after + pages * sizeof(Page));
  if (!write_page_map(*segment, segment, calls_)) {
    write_page_map(*segment, nullptr, calls_);
    unmap_pages(base, bytes, calls_);
    unmap_pages(raw, metadata, calls_);
    return nullptr;
  }
  poison(base, bytes, on_valgrind_);
  segment->following = segments_;
  if (segments_ != nullptr) segments_->previous = segment;
  segments_ = segment;
  mapped_pages_ += pages;
  ++segment_count_;
  insert(*segment, segment->pages, segment->page_count);
  why = {};
  return segment;
}

// Precondition: all its pages are one free run, or the heap ends.
void PageHeap::unmap_segment(Segment* segment) noexcept {
  if (segment->pages[0].free) remove(&segment->pages[0]);
  touched_pages_ -= touched_in(*segment, 0, segment->page_count);
  mapped_pages_ -= segment->page_count;
  --segment_count_;
  if (segment->previous != nullptr) segment->previous->following = segment->following;
  if (segment->following != nullptr) segment->following->previous = segment->previous;
  if (segments_ == segment) segments_ = segment->following;
  write_page_map(*segment, nullptr, calls_);
  const std::size_t bytes = std::size_t{segment->page_count} * pool_page_bytes;
  unpoison(segment->base, bytes, on_valgrind_);
  unmap_pages(segment->base, bytes, calls_);
  unmap_pages(segment, segment->metadata_bytes, calls_);
}

void PageHeap::insert(Segment& segment, Page* first, std::uint32_t count) noexcept {
  const std::uint32_t index = segment.index_of(first);
  Page* last = first + count - 1;
  first->run_pages = last->run_pages = count;
  first->free = last->free = true;
  first->segment = last->segment = &segment;
  first->warm_pages = warm_prefix(segment, index, count);
  free_touched_pages_ += touched_in(segment, index, count);
  Page*& head = bins_[bin_of(count)];
  first->previous = nullptr;
  first->following = head;
  if (head != nullptr) head->previous = first;
  head = first;
}

void PageHeap::remove(Page* first) noexcept {
  const std::uint32_t count = first->run_pages;
  Page* last = first + count - 1;
  first->free = last->free = false;
  free_touched_pages_ -= touched_in(*first->segment, first->segment->index_of(first), count);
  if (first->previous != nullptr) first->previous->following = first->following;
  if (first->following != nullptr) first->following->previous = first->previous;
  Page*& head = bins_[bin_of(count)];
  if (head == first) head = first->following;
}

void PageHeap::put_locked(Page* first) noexcept {
  Segment& segment = *first->segment;
  std::uint32_t count = first->run_pages;
  const std::uint32_t index = segment.index_of(first);
  if (index + count < segment.page_count && first[count].free) {
    const std::uint32_t more = first[count].run_pages;
    remove(first + count);
    count += more;
  }
  if (index > 0 && first[-1].free) {
    const std::uint32_t more = first[-1].run_pages;
    first -= more;
    remove(first);
    count += more;
  }
  insert(segment, first, count);
  if (free_touched_pages_ <= limits_.retain_pages) return;
  if (count == segment.page_count) {
    unmap_segment(&segment);
  } else {
    decommit_end(first, count);
  }
}

void PageHeap::decommit_free(std::size_t pages) noexcept {
  for (std::size_t bin = bin_count; bin-- > 0 && pages != 0 && free_touched_pages_ != 0;) {
    for (Page* run = bins_[bin]; run != nullptr && pages != 0; run = run->following) {
      pages -= decommit_end(run, pages);
    }
  }
}

std::size_t PageHeap::decommit_end(Page* first, std::size_t pages) noexcept {
  Segment& segment = *first->segment;
  const std::uint32_t index = segment.index_of(first);
  const std::uint32_t end = index + first->run_pages;
  if (touched_in(segment, index, first->run_pages) == 0) return 0;
  std::uint32_t begin = end;
  std::size_t found = 0;
  while (begin > index && found < pages) found += segment.is_touched(--begin) ? 1 : 0;
  decommit_pages(segment.base + std::size_t{begin} * pool_page_bytes,
                 std::size_t{end - begin} * pool_page_bytes, calls_);
  set_touched(segment, begin, end - begin, false);
  first->warm_pages = std::min(first->warm_pages, begin - index);
  touched_pages_ -= found;
  free_touched_pages_ -= found;
  return found;
}

}  // namespace frys::detail
