// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Several threads at once: how long one may wait for a block, and blocks that another thread frees.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "frys/core/random.hpp"
#include "memory_rows.hpp"

namespace frys::bench {
namespace {

/// As many sizes an octave from 64 bytes up; every allocator sees the same.
std::vector<std::uint32_t> sizes(std::uint64_t seed, unsigned octaves) {
  SeededRandom random(seed);
  std::vector<std::uint32_t> all(std::size_t{1} << 14);
  for (std::uint32_t& bytes : all) {
    const std::uint64_t octave = std::uint64_t{64} << random.next_below(octaves);
    bytes = static_cast<std::uint32_t>(octave + random.next_below(octave) + 1);
  }
  return all;
}

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

/// Each thread replaces one of 64 blocks of 64 B to 1 MiB at a time; an iteration is 1024 of those
/// by each. The percentiles are those of getting a block and writing its ends.
template <typename Allocator>
class AllocTail {
 public:
  static void run(benchmark::State& state, std::size_t threads) {
    if (!check<Allocator>(state, 64)) return;
    AllocTail tail(threads);
    tail.turn();  // warm
    for (Worker& worker : tail.workers_) worker.samples.clear();
    for ([[maybe_unused]] auto _ : state) tail.turn();
    tail.report(state);
  }

 private:
  static constexpr std::size_t allocations = 1024;
  static constexpr std::size_t most_samples = std::size_t{1} << 22;
  struct Worker {
    std::vector<std::uint32_t> sizes;
    std::array<typename Allocator::Block, 64> held{};
    std::vector<std::uint32_t> samples;
    std::size_t at = 0;
    std::atomic<std::uint64_t> turns_asked{0};
    std::atomic<std::uint64_t> turns_done{0};
    std::thread thread;

    void work(std::size_t count) {
      for (std::size_t i = 0; i < count; ++i, ++at) {
        auto& place = held[at % held.size()];
        const std::uint32_t bytes = sizes[at % sizes.size()];
        if (at >= held.size()) Allocator::free(place);
        const std::uint64_t begin = now_ns();
        place = Allocator::allocate(bytes);
        write_ends(Allocator::data(place), bytes);
        const std::uint64_t took = now_ns() - begin;
        if (samples.size() < most_samples) samples.push_back(static_cast<std::uint32_t>(took));
      }
    }
  };

  explicit AllocTail(std::size_t threads) : workers_(threads) {
    for (std::size_t t = 0; t < threads; ++t) {
      Worker& worker = workers_[t];
      worker.sizes = sizes(t + 1, 14);
      worker.samples.reserve(most_samples);
      worker.thread = std::thread([this, &worker] { serve(worker); });
    }
  }
  ~AllocTail() {
    ended_ = true;
    for (Worker& worker : workers_) {
      ask(worker);
      worker.thread.join();
      for (auto& block : worker.held) Allocator::free(block);
    }
  }
  void serve(Worker& worker) {
    for (std::uint64_t done = 0;; ++done) {
      worker.turns_asked.wait(done);
      if (ended_) return;
      // The first turn goes over all sizes several times.
      worker.work(done == 0 ? 8 * worker.sizes.size() : allocations);
      worker.turns_done = done + 1;
      worker.turns_done.notify_one();
    }
  }
  static void ask(Worker& worker) {
    ++worker.turns_asked;
    worker.turns_asked.notify_one();
  }
  void turn() {
    for (Worker& worker : workers_) ask(worker);
    for (Worker& worker : workers_) {
      const std::uint64_t asked = worker.turns_asked;
      for (std::uint64_t done; (done = worker.turns_done) != asked;) worker.turns_done.wait(done);
    }
  }
  void report(benchmark::State& state) {
    std::vector<std::uint32_t> all;
    for (Worker& worker : workers_) {
      all.insert(all.end(), worker.samples.begin(), worker.samples.end());
    }
    if (all.empty()) return;
    std::sort(all.begin(), all.end());
    state.counters["p50_ns"] = all[all.size() / 2];
    state.counters["p99_9_ns"] = all[all.size() - 1 - all.size() / 1000];
    state.SetItemsProcessed(state.iterations() *
                            static_cast<std::int64_t>(allocations * workers_.size()));
  }

  std::vector<Worker> workers_;
  std::atomic<bool> ended_{false};
};

/// Half of the threads allocate and write batches of blocks of 64 B to 32 KiB, each for one of the
/// other half to free: one batch a pair an iteration.
template <typename Allocator>
class CrossThreadFree {
 public:
  static void run(benchmark::State& state, std::size_t threads) {
    if (!check<Allocator>(state, 64)) return;
    CrossThreadFree pairs(threads / 2);
    for ([[maybe_unused]] auto _ : state) pairs.turn();
    state.SetItemsProcessed(state.iterations() *
                            static_cast<std::int64_t>(batch_blocks * threads / 2));
  }

 private:
  static constexpr std::size_t batch_blocks = 128;
  struct Batch {
    std::array<typename Allocator::Block, batch_blocks> blocks;
    std::atomic<bool> full{false};
  };
  struct Pair {
    std::array<Batch, 4> ring;
    std::vector<std::uint32_t> sizes;
    std::atomic<std::uint64_t> asked{0};
    std::atomic<std::uint64_t> produced{0};
    std::thread producer;
    std::thread consumer;
  };

  explicit CrossThreadFree(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      Pair& pair = *pairs_.emplace_back(std::make_unique<Pair>());
      pair.sizes = sizes(i + 1, 9);
      pair.producer = std::thread([this, &pair] { produce(pair); });
      pair.consumer = std::thread([this, &pair] { consume(pair); });
    }
  }
  ~CrossThreadFree() {
    ended_ = true;
    for (auto& pair : pairs_) {
      ++pair->asked;
      pair->asked.notify_one();
      pair->producer.join();
      pair->consumer.join();
    }
  }
  void produce(Pair& pair) {
    std::size_t at = 0;
    for (std::uint64_t turn = 0;; ++turn) {
      for (std::uint64_t asked; (asked = pair.asked) == turn;) pair.asked.wait(asked);
      if (ended_) return;
      Batch& batch = pair.ring[turn % pair.ring.size()];
      while (batch.full.load(std::memory_order_acquire)) std::this_thread::yield();
      for (auto& block : batch.blocks) {
        const std::uint32_t bytes = pair.sizes[at++ % pair.sizes.size()];
        block = Allocator::allocate(bytes);
        write_ends(Allocator::data(block), bytes);
      }
      batch.full.store(true, std::memory_order_release);
      pair.produced = turn + 1;
    }
  }
  void consume(Pair& pair) {
    for (std::uint64_t turn = 0;; ++turn) {
      Batch& batch = pair.ring[turn % pair.ring.size()];
      while (!batch.full.load(std::memory_order_acquire)) {
        if (ended_ && pair.produced == turn) return;
        std::this_thread::yield();
      }
      for (auto& block : batch.blocks) Allocator::free(block);
      batch.full.store(false, std::memory_order_release);
    }
  }
  // The producers are asked ahead, so that they wait for the consumers only.
  void turn() {
    ++turns_;
    for (auto& pair : pairs_) {
      pair->asked = turns_;
      pair->asked.notify_one();
      while (pair->produced + pair->ring.size() < turns_) std::this_thread::yield();
    }
  }

  std::vector<std::unique_ptr<Pair>> pairs_;
  std::uint64_t turns_ = 0;
  std::atomic<bool> ended_{false};
};

}  // namespace

void add_thread_rows() {
  for (const std::size_t threads : {1, 2, 8}) {
    add_rows<AllocTail>("alloc_tail", threads, Timing::wall);
  }
  for (const std::size_t threads : {2, 4, 8}) {
    add_rows<CrossThreadFree>("cross_thread_free", threads, Timing::wall);
  }
}

}  // namespace frys::bench
