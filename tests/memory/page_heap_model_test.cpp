// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The page heap against a model that keeps the state of each page and looks at all of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "frys/core/random.hpp"
#include "memory/memory_tools.hpp"
#include "memory/page_heap.hpp"

namespace frys::detail {
namespace {

enum class Page : char { cold, warm, used };

struct Held {
  PageRun* run;
  std::uint64_t cold_mask;
};

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {}
  ~Model() {
    for (const Held& held : held_) heap_.give_back(held.run);
  }

  void step() {
    const std::uint64_t dice = random_.next_below(2000);
    if (dice == 0) {
      purge();
    } else if (held_.size() < 80 && dice < 1200) {
      take();
    } else if (!held_.empty()) {
      give_back();
    }
  }

  // Every page is in one run that agrees with the model; no two free neighbours are of one kind.
  void check_all() {
    if (segment_ == nullptr) return;
    ASSERT_EQ(heap_.segments().size(), 1U);  // Who looks has the run freed last joined.
    freed_last_ = {};
    const PageRun* last = nullptr;
    std::size_t warm = 0;
    std::size_t cold = 0;
    for (std::uint32_t at = 0; at < segment_->page_count; at = last->end()) {
      const PageRun* run = segment_->run_at(at);
      ASSERT_EQ(run->start, at);
      ASSERT_EQ(segment_->run_at(run->end() - 1), run);
      if (last != nullptr && last->free && run->free) {
        ASSERT_NE(last->warm, run->warm);
      }
      const Page kind = !run->free ? Page::used : run->warm ? Page::warm : Page::cold;
      ASSERT_TRUE(std::all_of(pages_.begin() + at, pages_.begin() + run->end(),
                              [kind](Page page) { return page == kind; }));
      (kind == Page::warm ? warm : cold) += kind == Page::used ? 0 : run->count;
      last = run;
    }
    const PageHeap::Stats stats = heap_.stats();
    EXPECT_EQ(stats.free_committed_bytes, warm * heap_page_bytes);
    EXPECT_EQ(stats.committed_bytes, stats.mapped_bytes - cold * heap_page_bytes);
    EXPECT_EQ(stats.segments, 1U);
  }

 private:
  // The shortest warm run of a bin above that of `count`, which the heap must not pass over.
  std::uint32_t sure_fit(std::uint32_t count) const {
    std::uint32_t best = 0;
    std::uint32_t length = 0;
    for (std::size_t page = 0; page <= pages_.size(); ++page) {
      if (page < pages_.size() && pages_[page] == Page::warm) {
        ++length;
        continue;
      }
      if (length > count && RunBins::bin_of(length) > RunBins::bin_of(count) &&
          (best == 0 || length < best)) {
        best = length;
      }
      length = 0;
    }
    return best;
  }
  std::uint32_t warm_length_around(const PageRun& run) const {
    std::uint32_t begin = run.start;
    std::uint32_t end = run.end();
    while (begin > 0 && pages_[begin - 1] == Page::warm) --begin;
    while (end < pages_.size() && pages_[end] == Page::warm) ++end;
    return end - begin;
  }

  void take() {
    const auto most = std::uint64_t{1} << random_.next_below(11);
    const auto count = static_cast<std::uint32_t>(1 + random_.next_below(most));
    const auto alignment =
        random_.next_below(4) == 0 ? 1U << random_.next_below(5) : std::uint32_t{1};
    Status why;
    PageHeap::Cold cold;
    PageRun* run = heap_.take(count, cold, why, alignment);
    ASSERT_NE(run, nullptr);
    if (segment_ == nullptr) {
      segment_ = run->segment;
      pages_.assign(segment_->page_count, Page::cold);
    }
    ASSERT_EQ(run->segment, segment_);
    ASSERT_EQ(run->count, count);
    ASSERT_EQ(run->start % alignment, 0U);
    Held held{run, 0};
    std::uint32_t cold_pages = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Page page = pages_[run->start + i];
      ASSERT_NE(page, Page::used) << "two runs overlap";
      if (page != Page::cold) continue;
      ++cold_pages;
      if (i < 64) held.cold_mask |= std::uint64_t{1} << i;
    }
    ASSERT_EQ(cold.pages, cold_pages);
    ASSERT_EQ(cold.mask, held.cold_mask);
    // What was freed last comes back wherever it lies. Of an aligned run, which long ones are,
    // nothing is said but that it is one.
    const Freed last = std::exchange(freed_last_, {});
    if (last.count == count && last.start % alignment == 0 && count < PageHeap::huge_pages) {
      ASSERT_EQ(run->start, last.start);
    } else if (alignment == 1 && count < PageHeap::huge_pages && ++looks_ % 400 == 0) {
      check_fit(*run, cold_pages);
    }
    std::fill_n(pages_.begin() + run->start, count, Page::used);
    held_.push_back(held);
  }

  void check_fit(const PageRun& run, std::uint32_t cold_pages) const {
    const std::uint32_t sure = sure_fit(run.count);
    if (sure == 0) return;
    ASSERT_EQ(cold_pages, 0U) << "although a warm run was long enough";
    ASSERT_LE(RunBins::bin_of(warm_length_around(run)), RunBins::bin_of(sure));
  }

  void give_back() {
    Held& held = held_[random_.next_below(held_.size())];
    const std::uint32_t start = held.run->start;
    const std::uint32_t count = held.run->count;
    const std::uint64_t unused = random_.next_below(3) == 0 ? held.cold_mask & random_.next() : 0;
    heap_.give_back(held.run, unused);
    if (unused == 0) freed_last_ = {start, count};
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool cold = i < 64 && (unused >> i & 1) != 0;
      pages_[start + i] = cold ? Page::cold : Page::warm;
    }
    held = held_.back();
    held_.pop_back();
  }

  // Which pages went is the heap's to say; it must be so many, and none that was not warm.
  void purge() {
    if (segment_ == nullptr) return;
    freed_last_ = {};
    const std::size_t purged = heap_.purge(random_.next_below(2000));
    std::size_t gone = 0;
    for (std::uint32_t at = 0; at < segment_->page_count;) {
      const PageRun* run = segment_->run_at(at);
      for (; at < run->end(); ++at) {
        if (!run->free || run->warm || pages_[at] == Page::cold) continue;
        ASSERT_EQ(pages_[at], Page::warm);
        pages_[at] = Page::cold;
        ++gone;
      }
    }
    ASSERT_EQ(gone, purged);
  }

  SeededRandom random_;
  AnonymousPages source_;
  PageHeap heap_{source_, std::size_t{256} << 20, {}, nullptr};
  Segment* segment_ = nullptr;
  std::vector<Page> pages_;
  std::vector<Held> held_;
  struct Freed {
    std::uint32_t start = 0;
    std::uint32_t count = 0;  // 0: it is joined with its neighbours
  };
  Freed freed_last_;
  int looks_ = 0;
};

TEST(PageHeapModel, AgreesOverAMillionSteps) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    Model model(seed);
    for (int round = 0; round < 25; ++round) {
      for (int i = 0; i < 10000; ++i) {
        model.step();
        if (::testing::Test::HasFatalFailure()) return;
      }
      model.check_all();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

// Each thread writes its mark into the ends of what it took; a run that two hold loses one of them.
TEST(PageHeapModel, ThreadsShareAHeap) {
  AnonymousPages source;
  PageHeap heap(source, std::size_t{8} << 20, {.retain_pages = 1500, .commit_pages = 3000},
                nullptr);
  std::atomic<int> broken{0};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] {
      SeededRandom random(t);
      std::vector<PageRun*> held;
      const auto ends = [&](PageRun* run) {
        auto* first = reinterpret_cast<std::uint64_t*>(run->address());
        return std::pair{first, first + std::size_t{run->count} * heap_page_bytes / 8 - 1};
      };
      const auto drop = [&](std::size_t at) {
        const auto [first, last] = ends(held[at]);
        if (*first != t || *last != t) ++broken;
        heap.give_back(held[at]);
        held[at] = held.back();
        held.pop_back();
      };
      for (int i = 0; i < 4000; ++i) {
        const std::uint64_t dice = random.next_below(100);
        if (dice == 0) heap.purge(random.next_below(300));
        if (dice == 1 && !heap.prefault(random.next_below(300)).ok()) ++broken;
        if (dice == 2) heap.trim();
        if (held.size() < 8 && dice % 2 == 0) {
          Status why;
          PageHeap::Cold cold;
          PageRun* run = heap.take(1 + random.next_below(600), cold, why);
          ASSERT_NE(run, nullptr);
          unpoison(run->address(), std::size_t{run->count} * heap_page_bytes, heap.on_valgrind());
          const auto [first, last] = ends(run);
          *first = *last = t;
          held.push_back(run);
        } else if (!held.empty()) {
          drop(random.next_below(held.size()));
        }
      }
      while (!held.empty()) drop(held.size() - 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(broken, 0);
  const PageHeap::Stats stats = heap.stats();
  EXPECT_EQ(stats.committed_bytes, stats.free_committed_bytes);
  heap.trim();
  EXPECT_EQ(heap.stats().mapped_bytes, 0U);
  EXPECT_EQ(heap.stats().committed_bytes, 0U);
}

}  // namespace
}  // namespace frys::detail
