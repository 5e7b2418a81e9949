// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A round on a pool without scopes: raw blocks of every alignment beside counted ones. After each
// period the workers' blocks go to the next worker, which frees what another allocated.

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "frys/core/fault.hpp"
#include "frys/memory/pool.hpp"
#include "torture/memory_model.hpp"
#include "torture/pattern.hpp"
#include "torture/round.hpp"
#include "torture/sizes.hpp"

namespace frys::torture {
namespace {

constexpr std::size_t most_live_bytes = std::size_t{512} << 20;
constexpr std::size_t largest_alignment = std::size_t{64} << 10;

/// A raw block, or a counted one.
struct Item {
  void* data = nullptr;
  Storage storage;
  std::size_t size_bytes = 0;
  std::size_t alignment = 64;
  std::uint64_t pattern = 0;
};

/// What all workers share.
struct Shared {
  std::unique_ptr<MemoryPool> pool;
  FaultInjector faults;
  bool exact = false;
  bool limited = false;  ///< By options, so that less may be made ready than was asked for.
  Mix mix = Mix::light;
};

/// Threads: one at a time.
class PoolWorker {
 public:
  PoolWorker(Shared& shared, const Place& place, std::uint64_t seed)
      : shared_(shared), place_(place), random_(seed) {}

  void step();
  void drop_raw();
  void drop_all();
  void verify_all() const;
  void swap_items(PoolWorker& other) noexcept {
    items_.swap(other.items_);
    std::swap(live_bytes_, other.live_bytes_);
  }

  [[nodiscard]] std::size_t live_bytes() const noexcept { return live_bytes_; }
  [[nodiscard]] const Place& place() const noexcept { return place_; }
  [[nodiscard]] std::uint64_t allocations() const noexcept { return allocations_; }
  [[nodiscard]] std::uint64_t refusals() const noexcept { return refusals_; }

 private:
  void allocate();
  void take(Item item);
  void drop(std::size_t index);
  void ask_wrongly();
  void prefault();
  void note_refusal(const Status& why);
  void verify(const Item& item) const;

  std::uint64_t below(std::uint64_t bound) { return random_.next_below(bound); }
  [[noreturn]] void fail(const std::string& what) const { differs(place_, "pool: " + what); }

  Shared& shared_;
  Place place_;
  SeededRandom random_;
  std::vector<Item> items_;
  std::size_t live_bytes_ = 0;
  std::size_t target_items_ = 256;
  std::uint64_t allocations_ = 0;
  std::uint64_t refusals_ = 0;
};

void PoolWorker::step() {
  const std::uint64_t dice = below(100000);
  if (dice < 96000) {
    const bool grow = below(10) < (items_.size() < target_items_ ? 7 : 3);
    if (items_.empty() || (grow && live_bytes_ < most_live_bytes)) {
      allocate();
    } else {
      drop(below(items_.size()));
    }
  } else if (dice < 99600) {
    if (!items_.empty()) verify(items_[below(items_.size())]);
  } else if (dice < 99900) {
    ask_wrongly();
  } else if (dice < 99950) {
    prefault();
  } else if (dice < 99970) {
    shared_.pool->trim();
  } else if (dice < 99980) {
    if (shared_.exact) shared_.faults.fail("memory.map", 1, Status::out_of_memory());
  } else {
    target_items_ = skewed_size(random_, shared_.mix == Mix::light ? 13 : 8);
  }
  ++place_.operation;
}

void PoolWorker::allocate() {
  Item item;
  item.size_bytes = some_size(random_, shared_.mix);
  item.pattern = random_.next();
  if (below(2) == 0) {
    Result<Storage> storage = shared_.pool->allocate_storage(item.size_bytes);
    if (!storage) return note_refusal(storage.error());
    if (storage->size_bytes() != item.size_bytes) fail("a counted block has another size");
    item.data = storage->data();
    item.storage = *std::move(storage);
  } else {
    item.alignment = std::size_t{1} << (below(10) == 0 ? below(17) : 6);
    Result<void*> data = shared_.pool->allocate(item.size_bytes, item.alignment);
    if (!data) return note_refusal(data.error());
    item.data = *data;
  }
  take(std::move(item));
}

void PoolWorker::take(Item item) {
  const std::size_t aligned = std::max<std::size_t>(64, item.alignment);
  if (item.data == nullptr || reinterpret_cast<std::uintptr_t>(item.data) % aligned != 0) {
    fail("a block is not aligned to " + std::to_string(aligned) + " bytes");
  }
  if (!all_lines().claim(item.data, item.size_bytes)) fail("a fresh block lies over a live one");
  write_pattern(item.data, item.size_bytes, item.pattern);
  live_bytes_ += charged_bytes(item.size_bytes);
  ++allocations_;
  items_.push_back(std::move(item));
}

// One refused mapping may be all there is for several small requests, but never without one.
void PoolWorker::note_refusal(const Status& why) {
  ++refusals_;
  if (why != ErrorCode::out_of_memory || !shared_.exact) fail("refused: " + why.to_string());
}

void PoolWorker::drop(std::size_t index) {
  std::swap(items_[index], items_.back());
  const Item item = std::move(items_.back());
  items_.pop_back();
  verify(item);
  if (!all_lines().release(item.data, item.size_bytes)) fail("the marks of a live block are gone");
  live_bytes_ -= charged_bytes(item.size_bytes);
  if (!item.storage) shared_.pool->deallocate(item.data, item.size_bytes, item.alignment);
}

void PoolWorker::verify(const Item& item) const {
  if (first_difference(item.data, item.size_bytes, item.pattern) != item.size_bytes) {
    fail("a live block of " + std::to_string(item.size_bytes) + " bytes was overwritten");
  }
}

void PoolWorker::ask_wrongly() {
  MemoryPool& pool = *shared_.pool;
  const std::size_t odd = std::size_t{3} << below(20);
  const std::size_t too_wide = largest_alignment << (1 + below(30));
  const std::size_t absurd = absurd_size(random_);
  if (pool.allocate(64, 0).status() != ErrorCode::invalid_argument ||
      pool.allocate(64, odd).status() != ErrorCode::invalid_argument ||
      pool.allocate(64, too_wide).status() != ErrorCode::invalid_argument) {
    fail("a wrong alignment is not invalid");
  }
  if (pool.allocate_storage(absurd) || pool.allocate(absurd, 64)) {
    fail("gave " + std::to_string(absurd) + " bytes");
  }
  pool.deallocate(nullptr, 64, 64);
}

void PoolWorker::prefault() {
  const std::size_t bytes = skewed_size(random_, 22);
  const Status status = shared_.pool->prefault(bytes);
  if (!status.ok()) return note_refusal(status);
  if (shared_.exact && !shared_.limited && shared_.pool->stats().cached_bytes < bytes) {
    fail("less is ready than prefault(" + std::to_string(bytes) + ") was asked for");
  }
}

void PoolWorker::verify_all() const {
  for (const Item& item : items_) verify(item);
}

// The pool object is needed for raw blocks; counted ones outlive it.
void PoolWorker::drop_raw() {
  for (std::size_t i = items_.size(); i-- > 0;) {
    if (!items_[i].storage) drop(i);
  }
}

void PoolWorker::drop_all() {
  while (!items_.empty()) drop(below(items_.size()));
}

void make_pool(Shared& shared, SeededRandom& random) {
  MemoryPoolOptions options;
  shared.limited = random.next_below(3) == 0;
  if (shared.limited) {
    options.retain_bytes = random.next_below(64U << 20);
    options.commit_bytes = random.next_below(256U << 20);
  }
  options.segment_bytes = random.next_below(64U << 20);
  options.thread_caches = random.next_below(6) != 0;
  Environment environment;
  environment.faults = &shared.faults;
  shared.pool = *MemoryPool::create(options, environment);
}

using Workers = std::vector<std::unique_ptr<PoolWorker>>;

void run_period(const Workers& workers, std::uint64_t each) {
  const auto work = [each](PoolWorker& worker) {
    for (std::uint64_t i = 0; i < each; ++i) worker.step();
  };
  if (workers.size() == 1) return work(*workers.front());
  std::vector<std::thread> threads;
  for (const auto& worker : workers) threads.emplace_back([&] { work(*worker); });
  for (std::thread& thread : threads) thread.join();
}

// While nothing runs.
void check(const Shared& shared, const Workers& workers) {
  std::size_t live = 0;
  for (const auto& worker : workers) {
    worker->verify_all();
    live += worker->live_bytes();
  }
  const PoolStats stats = shared.pool->stats();
  if (stats.live_bytes < live || (live == 0 && stats.live_bytes != 0) ||
      stats.live_bytes + stats.cached_bytes != stats.committed_bytes ||
      stats.mapped_bytes < stats.committed_bytes) {
    differs(workers.front()->place(),
            "pool: " + std::to_string(stats.mapped_bytes) + " bytes mapped, " +
                std::to_string(stats.committed_bytes) + " committed, " +
                std::to_string(stats.cached_bytes) + " cached, " +
                std::to_string(stats.live_bytes) + " live; blocks hold " + std::to_string(live));
  }
}

void end(Shared& shared, const Workers& workers, bool pool_first) {
  if (pool_first) {
    for (const auto& worker : workers) worker->drop_raw();
    shared.pool.reset();
  }
  for (const auto& worker : workers) worker->drop_all();
  if (pool_first) return;
  shared.pool->trim();
  const PoolStats stats = shared.pool->stats();
  if (stats.live_bytes + stats.committed_bytes + stats.mapped_bytes + stats.segments != 0) {
    differs(workers.front()->place(), "pool: after the end " + std::to_string(stats.mapped_bytes) +
                                          " bytes are mapped, " + std::to_string(stats.live_bytes) +
                                          " live");
  }
}

}  // namespace

void run_pool_round(std::uint64_t seed, std::uint64_t threads, Limit& limit, Totals& totals) {
  SeededRandom random(seed);
  Shared shared;
  shared.exact = threads == 1;
  shared.mix = random.next_below(3) == 0 ? Mix::mixed : Mix::light;
  make_pool(shared, random);
  Workers workers;
  const Place place{.seed = seed, .threads = threads};
  for (std::uint64_t t = 0; t < threads; ++t) {
    workers.push_back(std::make_unique<PoolWorker>(shared, place, random.next()));
  }
  for (std::uint64_t left = 20000 + random.next_below(1000000); left != 0 && !limit.reached();) {
    const std::uint64_t each = std::min(left, 1000 + random.next_below(40000));
    left -= each;
    const std::uint64_t most = (limit.operations_left + threads - 1) / threads;
    run_period(workers, std::min(each, most));
    limit.use(each * threads);
    totals.operations += std::min(each, most) * threads;
    check(shared, workers);
    for (std::size_t i = 1; i < workers.size(); ++i) workers[i - 1]->swap_items(*workers[i]);
  }
  end(shared, workers, random.next_below(2) == 0);
  ++totals.rounds;
  for (const auto& worker : workers) {
    totals.allocations += worker->allocations();
    totals.refusals += worker->refusals();
  }
}

}  // namespace frys::torture
