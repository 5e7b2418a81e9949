// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// How a pool finds what nobody uses any more, and lets go of it.

#include <algorithm>

#include "memory/decay.hpp"
#include "memory/pool_core.hpp"

namespace frys::detail {
namespace {

// Changes with all that the owner does, but for what cancels out exactly: then its blocks go, and
// it fetches new ones.
std::uint64_t trace_of(const ThreadCache& cache) noexcept {
  std::uint64_t trace = 0;
  for (const Credit& credit : cache.credits) {
    trace = trace * 31 + credit.allocations.load(std::memory_order_relaxed) * 7 +
            credit.units.load(std::memory_order_relaxed);
  }
  for (const Magazine& magazine : cache.magazines) {
    trace = trace * 31 + magazine.count.load(std::memory_order_relaxed);
  }
  return trace;
}

bool has_blocks(const ThreadCache& cache) noexcept {
  return std::any_of(cache.magazines.begin(), cache.magazines.end(), [](const Magazine& magazine) {
    return magazine.count.load(std::memory_order_relaxed) != 0;
  });
}

}  // namespace

void PoolCore::begin_decay() noexcept { static_cast<void>(heap_.take_idle_floor()); }

std::size_t PoolCore::spare_pages() const noexcept {
  const std::size_t idle = heap_.stats().free_committed_bytes;
  return (idle - std::min(idle, promised_bytes_.load(std::memory_order_relaxed))) / heap_page_bytes;
}

bool PoolCore::holds_idle() const noexcept {
  if (spare_pages() != 0) return true;
  for (SlabList& list : lists_) {
    const std::lock_guard lock(list.mutex);
    if (list.depot_count != 0 || list.empty != 0) return true;
  }
  bool found = false;
  visit_caches([&found](const ThreadCache& cache) { found = found || has_blocks(cache); });
  return found;
}

// What was promised is kept ready, however long it takes.
void PoolCore::decay(DecayCurve& curve) noexcept {
  const std::size_t promised = heap_pages_of(promised_bytes_.load(std::memory_order_relaxed));
  const std::size_t floor = heap_.take_idle_floor();
  std::size_t pages = curve.pass(floor - std::min(floor, promised));
  // What comes back from caches has been idle for the whole time already.
  const std::size_t before = spare_pages();
  give_up_unused_caches();
  give_up_unused_slabs();
  const std::size_t after = spare_pages();
  pages += after - std::min(after, before);
  heap_.purge(std::min(pages, after));
}

void PoolCore::give_up_unused_caches() noexcept {
  const std::lock_guard lock(caches_mutex_);
  bool any = false;
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->following) {
    const std::uint64_t trace = trace_of(*cache);
    cache->unused_beats = trace == std::exchange(cache->trace, trace) ? cache->unused_beats + 1 : 0;
    cache->given_up = cache->unused_beats >= DecayCurve::looks && has_blocks(*cache);
    if (!cache->given_up) continue;
    cache->gate.claim();
    any = true;
  }
  if (!any) return;
  fence_owners();
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->following) {
    if (!cache->given_up) continue;
    cache->gate.await_owner();
    give_up(*cache);
    cache->gate.release();
  }
}

// Past the depots, which would count it as used.
void PoolCore::give_up(ThreadCache& cache) noexcept {
  for (std::size_t index = 0; index < size_classes; ++index) {
    const Chain chain = cut(cache.magazines[index], 0);
    if (chain.count == 0) continue;
    if (index >= slab_classes) {
      put_runs(chain);
      continue;
    }
    {
      const std::lock_guard lock(lists_[index].mutex);
      lists_[index].out -= chain.count;
      put_in_slabs(index, chain.head);
    }
    release(chain.count);
  }
}

void PoolCore::give_up_unused_slabs() noexcept {
  for (std::size_t index = 0; index < slab_classes; ++index) {
    SlabList& list = lists_[index];
    {
      const std::lock_guard lock(list.mutex);
      const bool used = list.visits != std::exchange(list.seen_visits, list.visits);
      list.unused_beats = used ? 0 : list.unused_beats + 1;
      if (list.unused_beats < DecayCurve::looks) continue;
    }
    trim_class(index);
  }
}

}  // namespace frys::detail
