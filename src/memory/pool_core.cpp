// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/pool_core.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

#include "memory/scope_node.hpp"

namespace frys::detail {

constinit thread_local ThreadCache* current_cache = nullptr;

namespace {

// Set when the thread's caches are gone; what its other destructors free goes past them.
constinit thread_local bool thread_is_ending = false;

// The caches of one thread, one for each pool it used.
struct ThreadCaches {
  ThreadCache* head = nullptr;

  ~ThreadCaches() {
    thread_is_ending = true;
    current_cache = nullptr;
    while (head != nullptr) retire_next(head);
  }
  [[nodiscard]] bool has(const ThreadCache* wanted) const noexcept {
    const ThreadCache* cache = head;
    while (cache != nullptr && cache != wanted) cache = cache->next_of_thread;
    return cache != nullptr;
  }
  // Those of closed pools only hold memory back.
  void retire_closed() noexcept {
    for (ThreadCache** link = &head; *link != nullptr;) {
      if ((*link)->core->closed()) {
        if (current_cache == *link) current_cache = nullptr;
        retire_next(*link);
      } else {
        link = &(*link)->next_of_thread;
      }
    }
  }
  static void retire_next(ThreadCache*& link) noexcept {
    ThreadCache* cache = link;
    link = cache->next_of_thread;
    cache->core->retire(cache);
  }
};
thread_local ThreadCaches thread_caches;

const PrivateHeap* library_of(MemoryUpstream upstream) noexcept {
  return upstream == MemoryUpstream::system ? nullptr : PrivateHeap::find(upstream);
}

// A library reserves no addresses beyond what it is asked for, and may count them as used.
std::size_t segment_bytes(const MemoryPoolOptions& options, bool has_library) noexcept {
  constexpr std::size_t of_library = std::size_t{32} << 20;
  return options.segment_bytes == 0 && has_library ? of_library : options.segment_bytes;
}

}  // namespace

PoolCore::PoolCore(const MemoryPoolOptions& options, FaultInjector* faults) noexcept
    : ForkParticipant(Rank::pool),
      library_pages_(library_of(options.upstream)),
      shared_(options.backing == PoolBacking::shared),
      heap_(page_source(), segment_bytes(options, has_library() && !shared_),
            {.retain_pages = options.retain_bytes / heap_page_bytes,
             .commit_pages = options.commit_bytes / heap_page_bytes},
            faults, has_library() || shared_ ? HugePages::never : options.huge_pages),
      on_valgrind_(heap_.on_valgrind()),
      thread_caches_(options.thread_caches),
      red_zone_bytes_(red_zone_bytes(heap_.on_valgrind())) {
  prepare_fences();
  enlist();
}

PageSource& PoolCore::page_source() noexcept {
  if (shared_) return shared_pages_;
  if (has_library()) return library_pages_;
  return private_pages_;
}

PoolCore::~PoolCore() {
  withdraw();
  for (SlabList& list : lists_) {
    while (Slab* slab = list.head) {
      list.unlink(slab);
      Slab::destroy(slab, heap_);
    }
  }
}

void PoolCore::SlabList::link(Slab* slab) noexcept {
  slab->previous = nullptr;
  slab->following = head;
  if (head != nullptr) head->previous = slab;
  head = slab;
}

void PoolCore::SlabList::unlink(Slab* slab) noexcept {
  if (slab->previous != nullptr) slab->previous->following = slab->following;
  if (slab->following != nullptr) slab->following->previous = slab->previous;
  if (head == slab) head = slab->following;
}

std::size_t PoolCore::SlabList::untouched_bytes() const noexcept {
  std::size_t pages = 0;
  for (const Slab* slab = head; slab != nullptr; slab = slab->following) {
    pages += static_cast<std::size_t>(std::popcount(slab->untouched_pages()));
  }
  return pages * heap_page_bytes;
}

Block* PoolCore::refill(std::size_t index, Status& why) noexcept {
  ThreadCache* cache = bind_cache();
  if (cache != nullptr) {
    // The thread used another pool in between; its blocks of this one are still here.
    if (Block* block = cache->take(index); block != nullptr) return block;
  }
  if (index >= slab_classes) {
    return take_run(class_shapes[index].slab_pages, static_cast<std::uint16_t>(index), why);
  }
  SlabList& list = lists_[index];
  const std::size_t slab_pages = class_shapes[index].slab_pages;
  if (list.is_used_up() && !heap_.has_warm(slab_pages)) collect_before_growth(slab_pages);
  Chain chain{nullptr, 0};
  {
    const std::lock_guard lock(list.mutex);
    ++list.visits;
    if (list.depot_count != 0 && cache != nullptr) {
      chain = list.depot[--list.depot_count];
    } else {
      const std::uint32_t wanted = cache == nullptr ? 1 : class_shapes[index].magazine_blocks / 2;
      chain = take_from_slabs(index, wanted, why);
      if (chain.head == nullptr) return nullptr;
      list.out += chain.count;
      references_.fetch_add(chain.count, std::memory_order_relaxed);
    }
  }
  keep_limit();
  Block* block = chain.head;
  if (chain.count > 1) {
    const OwnerSection section(cache->gate);
    cache->magazines[index].fill(block->next, chain.count - 1);
  }
  return block;
}

// Under the class's lock. The blocks come in order of address, as far as they were never used.
PoolCore::Chain PoolCore::take_from_slabs(std::size_t index, std::uint32_t wanted,
                                          Status& why) noexcept {
  SlabList& list = lists_[index];
  if (list.head == nullptr) {
    Slab* fresh = Slab::make(static_cast<std::uint32_t>(index), heap_, why);
    if (fresh == nullptr) return {nullptr, 0};
    ++list.slabs;
    list.link(fresh);
    ++list.empty;
    if (fresh->cold != 0) {
      cold_classes_.fetch_or(std::uint64_t{1} << index, std::memory_order_relaxed);
    }
  }
  Chain chain{nullptr, 0};
  Block** end = &chain.head;
  // A second slab is made only when there is nothing to return, so that a thread's appetite maps
  // no memory that nobody asked for. Cold blocks are carved for who asked, never to lie in a cache,
  // where `prefault` could not reach them.
  while (chain.count < wanted && list.head != nullptr) {
    Slab* slab = list.head;
    if (chain.count != 0 && slab->next_is_cold()) break;
    if (slab->out == 0) --list.empty;
    do {
      *end = slab->take(this);
      end = &(*end)->next;
      ++chain.count;
    } while (chain.count < wanted && !slab->exhausted() && !slab->next_is_cold());
    if (!slab->exhausted()) break;
    list.unlink(slab);
  }
  *end = nullptr;
  return chain;
}

ThreadCache* PoolCore::find_cache() const noexcept {
  if (ThreadCache* own = own_cache(); own != nullptr || thread_is_ending) return own;
  ThreadCache* cache = thread_caches.head;
  while (cache != nullptr && cache->core != this) cache = cache->next_of_thread;
  return cache;
}

ThreadCache* PoolCore::bind_cache() noexcept {
  if (current_cache != nullptr && current_cache->core == this) return current_cache;
  if (!thread_caches_ || thread_is_ending) return nullptr;
  thread_caches.retire_closed();
  for (ThreadCache* cache = thread_caches.head; cache != nullptr; cache = cache->next_of_thread) {
    if (cache->core == this) return current_cache = cache;
  }
  auto* cache = new (std::nothrow) ThreadCache;
  if (cache == nullptr) return nullptr;
  cache->core = this;
  references_.fetch_add(1, std::memory_order_relaxed);
  {
    const std::lock_guard lock(caches_mutex_);
    cache->following = caches_;
    if (caches_ != nullptr) caches_->previous = cache;
    caches_ = cache;
  }
  cache->next_of_thread = thread_caches.head;
  thread_caches.head = cache;
  return current_cache = cache;
}

void PoolCore::retire(ThreadCache* cache) noexcept {
  ScopeNode::give_up_credits(*cache);
  for (std::size_t index = 0; index < size_classes; ++index) {
    Chain chain{nullptr, 0};
    {
      const OwnerSection section(cache->gate);
      chain = cut(cache->magazines[index], 0);
    }
    if (chain.count != 0) put_back(index, chain);
  }
  {
    const std::lock_guard lock(caches_mutex_);
    if (cache->previous != nullptr) cache->previous->following = cache->following;
    if (cache->following != nullptr) cache->following->previous = cache->previous;
    if (caches_ == cache) caches_ = cache->following;
  }
  delete cache;
  release(1);
}

void PoolCore::claim_all() noexcept {
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->following) {
    cache->gate.claim();
  }
  fence_owners();
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->following) {
    cache->gate.await_owner();
  }
}

void PoolCore::hold_for_fork() noexcept {
  caches_mutex_.lock();
  claim_all();
  for (SlabList& list : lists_) list.mutex.lock();
  heap_.hold_for_fork();
}

void PoolCore::let_go_after_fork() noexcept {
  heap_.let_go_after_fork();
  for (SlabList& list : lists_) list.mutex.unlock();
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->following) {
    cache->gate.release();
  }
  caches_mutex_.unlock();
}

// The threads that the other caches belong to are not in this process.
void PoolCore::clean_up_in_child() noexcept {
  for (ThreadCache* cache = caches_; cache != nullptr;) {
    ThreadCache* following = cache->following;
    if (!thread_caches.has(cache)) retire(cache);
    cache = following;
  }
}

void PoolCore::cache_block(ThreadCache& cache, Block* block) noexcept {
  const std::size_t index = block->origin;
  const std::uint32_t most = class_shapes[index].magazine_blocks;
  Chain surplus{nullptr, 0};
  {
    const OwnerSection section(cache.gate);
    Magazine& magazine = cache.magazines[index];
    magazine.push(block);
    if (magazine.count.load(std::memory_order_relaxed) > most) surplus = cut(magazine, most / 2);
  }
  if (surplus.count != 0) put_back(index, surplus);
}

PoolCore::Chain PoolCore::cut(Magazine& magazine, std::uint32_t keep) noexcept {
  const std::uint32_t count = magazine.count.load(std::memory_order_relaxed);
  if (count <= keep) return {nullptr, 0};
  Block** cut = &magazine.head;
  for (std::uint32_t i = 0; i < keep; ++i) cut = &(*cut)->next;
  Block* chain = *cut;
  *cut = nullptr;
  magazine.count.store(keep, std::memory_order_relaxed);
  return {chain, count - keep};
}

void PoolCore::put_back(std::size_t index, Chain chain) noexcept {
  if (index >= slab_classes) return put_runs(chain);
  const ClassShape& shape = class_shapes[index];
  SlabList& list = lists_[index];
  {
    const std::lock_guard lock(list.mutex);
    ++list.visits;
    // Only chains worth the visit; after close nothing may stay in the depot, as it would hold the
    // core for ever.
    if (chain.count >= shape.magazine_blocks / 2 && list.depot_count < shape.depot_chains &&
        !closed()) {
      list.depot[list.depot_count++] = chain;
      return;
    }
    list.out -= chain.count;
    put_in_slabs(index, chain.head);
  }
  release(chain.count);
}

// Under the class's lock.
void PoolCore::put_in_slabs(std::size_t index, Block* chain) noexcept {
  SlabList& list = lists_[index];
  while (chain != nullptr) {
    Block* block = chain;
    chain = block->next;
    Slab* slab = block->slab;
    if (slab->exhausted()) list.link(slab);
    slab->put(block);
    if (slab->out != 0) continue;
    // Some slabs that nobody uses are kept, so that a class at the edge makes and unmakes none.
    if (list.empty < class_shapes[index].empty_slabs && !closed()) {
      ++list.empty;
    } else {
      list.unlink(slab);
      --list.slabs;
      Slab::destroy(slab, heap_);
    }
  }
}

void PoolCore::release(std::uint64_t count) noexcept {
  if (references_.fetch_sub(count, std::memory_order_acq_rel) == count) delete this;
}

Status PoolCore::prefault(std::size_t bytes, std::size_t largest_bytes) noexcept {
  if (bytes > max_request_bytes) {
    return {ErrorCode::invalid_argument, "asked to make more bytes ready than can be addressed"};
  }
  if (largest_bytes == 0 || largest_bytes > bytes) largest_bytes = bytes;
  // No block of a larger class than their own can be among the bytes.
  const std::size_t last = class_of_bytes(std::min(largest_bytes, largest_slab_class_bytes));
  const std::uint64_t small_enough = ~std::uint64_t{0} >> (63 - last);
  for (std::uint64_t cold = cold_classes_.load(std::memory_order_relaxed) & small_enough; cold != 0;
       cold &= cold - 1) {
    const auto index = static_cast<std::size_t>(std::countr_zero(cold));
    if (!prefault_class(index, bytes)) return Status::out_of_memory();
  }
  // One block of so many bytes takes its class's.
  const auto pages_of = [](std::size_t block_bytes) {
    return heap_pages_of(block_bytes > largest_class_bytes
                             ? block_bytes
                             : bytes_of_class(class_of_bytes(block_bytes)));
  };
  return heap_.prefault(pages_of(bytes), pages_of(largest_bytes));
}

bool PoolCore::prefault_class(std::size_t index, std::size_t bytes) noexcept {
  SlabList& list = lists_[index];
  const std::lock_guard lock(list.mutex);
  bool cold = false;
  for (Slab* slab = list.head; slab != nullptr; slab = slab->following) {
    if (!slab->prefault(heap_, bytes)) return false;
    cold = cold || slab->cold != 0;
  }
  if (!cold) cold_classes_.fetch_and(~(std::uint64_t{1} << index), std::memory_order_relaxed);
  return true;
}

void PoolCore::trim() noexcept {
  collect();
  heap_.trim();
}

void PoolCore::give_up_excess() noexcept {
  collect();
  heap_.purge_excess();
}

void PoolCore::collect() noexcept {
  empty_caches();
  for (std::size_t index = 0; index < slab_classes; ++index) trim_class(index);
}

void PoolCore::collect_before_growth(std::size_t pages) noexcept {
  const std::size_t touched = heap_.touched_pages();
  if (touched < collect_at_pages_.load(std::memory_order_relaxed)) return;
  collect();
  if (heap_.has_warm(pages)) return;
  collect_at_pages_.store(touched + std::max(touched / 32, pages), std::memory_order_relaxed);
}

void PoolCore::empty_caches() noexcept {
  claim_caches([this](ThreadCache& cache) {
    for (std::size_t index = 0; index < size_classes; ++index) {
      const Chain chain = cut(cache.magazines[index], 0);
      if (chain.count != 0) put_back(index, chain);
    }
  });
}

void PoolCore::trim_class(std::size_t index) noexcept {
  SlabList& list = lists_[index];
  std::uint64_t returned = 0;
  {
    const std::lock_guard lock(list.mutex);
    while (list.depot_count != 0) {
      const Chain chain = list.depot[--list.depot_count];
      returned += chain.count;
      put_in_slabs(index, chain.head);
    }
    list.out -= returned;
    for (Slab* slab = list.head; slab != nullptr && list.empty != 0;) {
      Slab* following = slab->following;
      if (slab->out == 0) {
        --list.empty;
        list.unlink(slab);
        --list.slabs;
        Slab::destroy(slab, heap_);
      }
      slab = following;
    }
  }
  if (returned != 0) release(returned);
}

void PoolCore::close() noexcept {
  closed_.store(true, std::memory_order_relaxed);
  trim();
  heap_.close();
  if (!thread_is_ending) thread_caches.retire_closed();
  release(1);
}

PoolStats PoolCore::stats() const noexcept {
  std::size_t untouched_bytes = 0;
  std::int64_t live = 0;
  for (std::size_t index = 0; index < slab_classes; ++index) {
    SlabList& list = lists_[index];
    const std::lock_guard lock(list.mutex);
    std::uint64_t held = list.out;
    for (std::uint32_t i = 0; i < list.depot_count; ++i) held -= list.depot[i].count;
    // Of the heap's pages, which are added below, no more than the blocks that are out.
    live +=
        static_cast<std::int64_t>(held * class_shapes[index].block_bytes) -
        static_cast<std::int64_t>(list.slabs * class_shapes[index].slab_pages * heap_page_bytes);
    untouched_bytes += list.untouched_bytes();
  }
  visit_caches([&live](const ThreadCache& cache) {
    for (std::size_t index = 0; index < size_classes; ++index) {
      const std::uint32_t count = cache.magazines[index].count.load(std::memory_order_relaxed);
      live -= static_cast<std::int64_t>(std::size_t{count} * class_shapes[index].block_bytes);
    }
  });
  const PageHeap::Stats heap = heap_.stats();
  live += static_cast<std::int64_t>(heap.used_bytes());
  PoolStats stats;
  stats.mapped_bytes = heap.mapped_bytes;
  stats.committed_bytes = heap.committed_bytes - untouched_bytes;
  stats.live_bytes = live > 0 ? static_cast<std::size_t>(live) : 0;
  stats.cached_bytes =
      stats.committed_bytes > stats.live_bytes ? stats.committed_bytes - stats.live_bytes : 0;
  stats.segments = heap.segments;
  stats.huge_pages = heap.huge_pages;
  stats.system_calls = heap_.calls();
  stats.first_touch_pages = first_touch_pages_.load(std::memory_order_relaxed);
  if (has_library()) stats.upstream = library_pages_.library()->upstream();
  stats.metadata = PrivateHeap::metadata().upstream();
  return stats;
}

}  // namespace frys::detail
