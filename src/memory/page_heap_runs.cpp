// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// How runs are taken and given back while no system call is needed: chosen, cut and joined, all of
// it under the heap's lock.

#include <bit>
#include <utility>

#include "memory/page_heap.hpp"

namespace frys::detail {
namespace {

constexpr int most_seeds = 4;       ///< Runs of a kind to start from when none is long enough.
constexpr int most_neighbours = 8;  ///< To look at on each side.
constexpr int most_summed = 16;     ///< Runs to count together.

std::uint32_t aligned_up(std::uint32_t page, std::uint32_t alignment) {
  return (page + alignment - 1) & ~(alignment - 1);
}

// Where in a free run to cut: at its front, so that what is cold stays behind. A small one leaves
// the front of a long run alone when a huge page starts there and none ends at its end.
std::uint32_t place_in(const PageRun& run, std::uint32_t count, std::uint32_t alignment) {
  constexpr std::uint32_t huge = PageHeap::huge_pages;
  const bool from_end = count < huge && alignment == 1 && run.count >= huge &&
                        run.start % huge == 0 && run.end() % huge != 0;
  return from_end ? run.end() - count : aligned_up(run.start, alignment);
}

// The free pages around a run.
struct Group {
  PageRun* first;
  std::uint32_t begin, end;
};

Group group_of(PageRun* seed) {
  Segment& segment = *seed->segment;
  Group group{seed, seed->start, seed->end()};
  for (int i = 0; i < most_neighbours; ++i) {
    PageRun* before = segment.free_before(group.begin);
    if (before == nullptr) break;
    group.first = before;
    group.begin = before->start;
  }
  for (int i = 0; i < most_neighbours; ++i) {
    const PageRun* after = segment.free_from(group.end);
    if (after == nullptr) break;
    group.end = after->end();
  }
  return group;
}

std::uint32_t cold_between(const PageRun* run, std::uint32_t start, std::uint32_t end) {
  std::uint32_t cold = 0;
  for (;; run = run->segment->run_at(run->end())) {
    if (!run->warm && run->end() > start) {
      cold += std::min(run->end(), end) - std::max(run->start, start);
    }
    if (run->end() >= end) return cold;
  }
}

}  // namespace

// Takes pages out of a free run. What is left of it stays in its bin where it can.
PageRun* PageHeap::cut(PageRun* run, std::uint32_t start, std::uint32_t count) noexcept {
  Segment& segment = *run->segment;
  segment.used_pages += count;
  const std::uint32_t before = start - run->start;
  const std::uint32_t behind = run->end() - start - count;
  if (before == 0 && behind == 0) {
    bins(run->warm).remove(run);
    run->free = false;
    return run;
  }
  if (before == 0) {
    resize(run, start + count, behind);
  } else {
    resize(run, run->start, before);
    if (behind != 0) insert(segment.make_run(start + count, behind), run->warm);
  }
  PageRun* taken = segment.make_run(start, count);
  taken->free = false;
  return taken;
}

void PageHeap::resize(PageRun* run, std::uint32_t start, std::uint32_t count) noexcept {
  const std::uint32_t bin = RunBins::bin_of(count);
  const bool moves = run->bin != bin;
  if (moves) bins(run->warm).remove(run);
  run->segment->set_bounds(run, start, count);
  if (moves) bins(run->warm).insert_in(bin, run);
}

void PageHeap::insert(PageRun* run, bool warm) noexcept {
  run->free = true;
  run->warm = warm;
  bins(warm).insert(run);
}

// Makes a run free and joins it with its neighbours of the same kind.
void PageHeap::put(PageRun* run, bool warm) noexcept {
  Segment& segment = *run->segment;
  segment.used_pages -= run->count;
  PageRun* before = segment.free_before(run->start);
  PageRun* after = segment.free_from(run->end());
  if (before != nullptr && before->warm != warm) before = nullptr;
  if (after != nullptr && after->warm != warm) after = nullptr;
  if (before == nullptr && after == nullptr) return insert(run, warm);
  std::uint32_t count = run->count;
  segment.drop_run(run);
  if (before == nullptr) return resize(after, run->start, count + after->count);
  if (after != nullptr) {
    count += after->count;
    bins(warm).remove(after);
    segment.drop_run(after);
  }
  resize(before, before->start, before->count + count);
}

PageRun* PageHeap::take_warm(std::uint32_t count, std::uint32_t alignment) noexcept {
  // A warm run elsewhere beats an aligned one: the pages of a new one would have to be touched.
  const std::uint32_t wished = count >= huge_pages ? huge_pages : alignment;
  std::uint32_t granted = std::max(wished, alignment);
  if (last_ != nullptr) {
    if (last_->count == count && last_->start % granted == 0) {
      lower_idle(count);
      return std::exchange(last_, nullptr);
    }
    settle();
  }
  PageRun* run = warm_.find(count, granted);
  if (run == nullptr && granted != alignment) {
    granted = alignment;
    run = warm_.find(count, granted);
  }
  if (run == nullptr) return nullptr;
  lower_idle(count);
  return cut(run, place_in(*run, count, granted), count);
}

bool PageHeap::has_warm(std::size_t count) noexcept {
  if (count > most_run_pages) return false;
  const std::lock_guard lock(lock_);
  settle();
  return warm_.find(static_cast<std::uint32_t>(round_up(count, grain_)), 1) != nullptr;
}

PageRun* PageHeap::try_take(std::size_t count, std::uint32_t alignment) noexcept {
  if (count > most_run_pages) return nullptr;
  const std::lock_guard lock(lock_);
  return take_warm(static_cast<std::uint32_t>(round_up(count, grain_)), alignment);
}

PageRun* PageHeap::take(std::size_t count, Cold& cold, Status& why,
                        std::uint32_t alignment) noexcept {
  cold = {};
  if (count > most_run_pages) {
    why = Status::out_of_memory();
    return nullptr;
  }
  const auto pages = static_cast<std::uint32_t>(round_up(count, grain_));
  lock_.lock();
  if (PageRun* run = take_warm(pages, alignment); run != nullptr) [[likely]] {
    lock_.unlock();
    return run;
  }
  Lock lock(lock_, std::adopt_lock);
  return take_cold(lock, pages, std::max(alignment, grain_), cold, why);
}

void PageHeap::give_back(PageRun* run, std::uint64_t still_cold) noexcept {
  lock_.lock();
  if (still_cold == 0 && idle_pages_ + run->count <= limits_.retain_pages) [[likely]] {
    idle_pages_ += run->count;
    settle();
    last_ = run;
    return lock_.unlock();
  }
  Lock lock(lock_, std::adopt_lock);
  if (idle_pages_ + run->count > limits_.retain_pages) return put_decommitted(lock, run);
  touched_pages_ -= static_cast<std::size_t>(std::popcount(still_cold));
  put_parts(run, still_cold);
}

void PageHeap::give_back_all(Block* chain) noexcept {
  Lock lock(lock_);
  while (chain != nullptr) {
    auto* run = static_cast<PageRun*>(chain);
    chain = chain->next;
    if (idle_pages_ + run->count > limits_.retain_pages) {
      put_decommitted(lock, run);
    } else {
      idle_pages_ += run->count;
      put(run, true);
    }
  }
}

PageRun* PageHeap::take_window(std::uint32_t count, std::uint32_t alignment, Cold& cold) noexcept {
  Window window =
      best_window(count, count >= huge_pages ? std::max(huge_pages, alignment) : alignment);
  if (window.first == nullptr) window = best_window(count, alignment);
  if (window.first == nullptr) window = any_window(count, alignment);
  if (window.first == nullptr) return nullptr;
  PageRun* run = claim(window, count, cold);
  lower_idle(count - cold.pages);
  touched_pages_ += cold.pages;
  run->segment->mapped_end = std::max(run->segment->mapped_end, run->end());
  return run;
}

PageHeap::Window PageHeap::best_window(std::uint32_t count,
                                       std::uint32_t alignment) const noexcept {
  Window best;
  const auto consider = [&](PageRun* seed) {
    const Group group = group_of(seed);
    if (group.end - group.begin < count) return;
    // At the seed's start, at its end, and at the ends of what is free around it.
    const std::uint32_t last = (group.end - count) & ~(alignment - 1);
    const std::uint32_t to_end = std::max(seed->end(), count) - count;
    for (const std::uint32_t start : {aligned_up(seed->start, alignment), to_end & ~(alignment - 1),
                                      aligned_up(group.begin, alignment), last}) {
      if (start < group.begin || start > last) continue;
      const std::uint32_t cold = cold_between(group.first, start, start + count);
      if (best.first == nullptr || cold < best.cold) best = {group.first, start, cold};
    }
  };
  warm_.for_longest(most_seeds, consider);
  if (PageRun* seed = cold_.find(count, alignment); seed != nullptr) consider(seed);
  if (best.first == nullptr) cold_.for_longest(most_seeds, consider);
  return best;
}

// Where pages are warm and cold by turns, a place may be made of more runs than `best_window` looks
// at. Cost: O(runs), before addresses are reserved that would cost more.
PageHeap::Window PageHeap::any_window(std::uint32_t count, std::uint32_t alignment) const noexcept {
  for (const Segment* segment = segments_; segment != nullptr; segment = segment->following) {
    if (segment->page_count - segment->used_pages < count) continue;
    PageRun* first = nullptr;  // Of the free neighbours up to here.
    for (std::uint32_t at = 0; at < segment->page_count;) {
      PageRun* run = segment->run_at(at);
      at = run->end();
      if (!run->free) {
        first = nullptr;
        continue;
      }
      if (first == nullptr) first = run;
      const std::uint32_t start = aligned_up(first->start, alignment);
      if (start < at && at - start >= count) {
        return {first, start, cold_between(first, start, start + count)};
      }
    }
  }
  return {};
}

PageRun* PageHeap::claim(const Window& window, std::uint32_t count, Cold& cold) noexcept {
  Segment& segment = *window.first->segment;
  const std::uint32_t end = window.start + count;
  PageRun* piece = window.first;
  while (piece->end() <= window.start) piece = segment.run_at(piece->end());
  PageRun* claimed = nullptr;
  for (std::uint32_t at = window.start; at < end;) {
    const std::uint32_t to = std::min(end, piece->end());
    PageRun* next = to < end ? segment.run_at(to) : nullptr;
    if (!piece->warm) {
      cold.pages += to - at;
      for (std::uint32_t i = at - window.start; i < std::min(to - window.start, 64U); ++i) {
        cold.mask |= std::uint64_t{1} << i;
      }
    }
    PageRun* part = cut(piece, at, to - at);
    if (claimed == nullptr) {
      claimed = part;
    } else {
      segment.drop_run(part);
    }
    at = to;
    piece = next;
  }
  segment.set_bounds(claimed, window.start, count);
  return claimed;
}

// The same for a run that is warm and cold by turns. From its end, so that what is not free yet has
// the bounds that its neighbour asks for.
void PageHeap::put_parts(PageRun* run, std::uint64_t cold) noexcept {
  Segment& segment = *run->segment;
  const auto is_cold = [&](std::uint32_t page) { return page < 64 && (cold >> page & 1) != 0; };
  std::uint32_t end = run->count;
  for (std::uint32_t at = end; at > 0; --at) {
    const bool kind = is_cold(end - 1);
    if (at > 1 && is_cold(at - 2) == kind) continue;
    const std::uint32_t begin = at - 1;
    PageRun* part = run;
    if (begin > 0) {
      part = segment.make_run(run->start + begin, end - begin);
      part->free = false;
      segment.set_bounds(run, run->start, begin);
    }
    if (!kind) idle_pages_ += part->count;
    put(part, !kind);
    end = begin;
  }
}

// How many of the free touched pages requests for up to `longest` each are sure to fill: one that
// no longer fits a run leaves fewer than that behind in it. Only the longest runs are asked.
std::size_t PageHeap::usable_pages(std::size_t longest) const noexcept {
  std::size_t usable = 0;
  warm_.for_longest(most_summed, [&](const PageRun* run) {
    if (run->count >= longest) usable += run->count - longest + 1;
  });
  return usable;
}

std::size_t PageHeap::touched_pages_of_both() const noexcept {
  const PageHeap* other = other_.load(std::memory_order_acquire);
  return touched_pages_ + (other != nullptr ? other->touched_pages_.load() : 0);
}

std::size_t PageHeap::most_idle_pages(std::size_t used_elsewhere) const noexcept {
  const std::size_t used = touched_pages_ - idle_pages_ + used_elsewhere;
  const std::size_t room = limits_.commit_pages > used ? limits_.commit_pages - used : 0;
  return std::min(limits_.retain_pages, room);
}

}  // namespace frys::detail
