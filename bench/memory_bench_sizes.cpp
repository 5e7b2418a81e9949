// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Large blocks of random sizes that live for a while: how well an allocator reuses what was freed.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "frys/core/machine.hpp"
#include "frys/core/random.hpp"
#include "memory_rows.hpp"

namespace frys::bench {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

/// What to do next, chosen beforehand; every allocator sees the same.
struct Choice {
  std::uint32_t bytes;   // 0: free one
  std::uint32_t victim;  // which of the live ones, modulo their number
};

std::vector<Choice> choices(std::size_t most_bytes) {
  SeededRandom random(42);
  std::vector<Choice> all(std::size_t{1} << 18);
  for (Choice& choice : all) {
    const bool allocates = random.next_below(100) < 73;
    choice.bytes = allocates ? static_cast<std::uint32_t>(random.next_below(most_bytes) + 1) : 0;
    choice.victim = static_cast<std::uint32_t>(random.next());
  }
  return all;
}

/// 73 % allocations, sizes uniform to the maximum, as RMM's random_allocations has it; what does
/// not fit into 4 GiB of live memory makes a free of it. One operation an iteration.
template <typename Allocator>
class RandomSizes {
 public:
  static void run(benchmark::State& state, std::size_t most_mib) {
    if (!check<Allocator>(state, most_mib * mib)) return;
    RandomSizes sizes(most_mib * mib);
    // The pages that the row goes on to use are touched first, by every allocator.
    if constexpr (std::is_same_v<Allocator, Frys>) {
      static_cast<void>(Frys::scope().reserve(sizes.most_live_));
    }
    for (std::size_t i = 0; i < 4 * sizes.choices_.size(); ++i) sizes.step();
    for ([[maybe_unused]] auto _ : state) sizes.step();
    sizes.report(state);
  }

 private:
  struct Held {
    typename Allocator::Block block;
    std::size_t bytes;
  };
  explicit RandomSizes(std::size_t most_bytes) : choices_(choices(most_bytes)) {}
  ~RandomSizes() {
    while (!held_.empty()) free(0);
    if constexpr (std::is_same_v<Allocator, Frys>) Frys::memory().trim();
  }
  void step() {
    const Choice choice = choices_[at_++ % choices_.size()];
    if (choice.bytes != 0 && live_ + choice.bytes <= most_live_) {
      held_.push_back({Allocator::allocate(choice.bytes), choice.bytes});
      write_ends(Allocator::data(held_.back().block), choice.bytes);
      live_ += choice.bytes;
    } else if (!held_.empty()) {
      free(choice.victim % held_.size());
    }
  }
  void free(std::size_t victim) {
    std::swap(held_[victim], held_.back());
    live_ -= held_.back().bytes;
    Allocator::free(held_.back().block);
    held_.pop_back();
  }
  void report(benchmark::State& state) const {
    if constexpr (std::is_same_v<Allocator, Frys>) {
      state.counters["committed_over_live"] =
          static_cast<double>(Frys::memory().pool_stats().committed_bytes) /
          static_cast<double>(live_);
    }
  }

  const std::size_t most_live_ = std::min<std::size_t>(machine().memory_bytes / 5, 4096 * mib);
  std::vector<Choice> choices_;
  std::vector<Held> held_;
  std::size_t live_ = 0;
  std::size_t at_ = 0;
};

}  // namespace

void add_size_rows() {
  for (const std::size_t most_mib : {1, 4, 64}) add_rows<RandomSizes>("random_sizes", most_mib);
}

}  // namespace frys::bench
