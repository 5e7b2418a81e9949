// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/shared_pages.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "memory/page_heap.hpp"
#include "memory/shared_file.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

/// Files in memory on a machine that has too little for them.
class FullPages final : public PageSource {
 public:
  void* map(std::size_t bytes, std::size_t alignment) noexcept override {
    return pages_.map(bytes, alignment);
  }
  void unmap(void* pages, std::size_t bytes) noexcept override { pages_.unmap(pages, bytes); }
  void decommit(void* pages, std::size_t bytes) noexcept override {
    pages_.decommit(pages, bytes);
    decommitted_bytes += bytes;
  }
  bool populate(void* pages, std::size_t bytes) noexcept override { return commit(pages, bytes); }
  bool commit(void*, std::size_t) noexcept override { return !full; }
  void advise_huge_pages(void*, std::size_t, bool) noexcept override {}
  bool full = true;
  std::size_t decommitted_bytes = 0;

 private:
  SharedPages pages_;
};

TEST(SharedPages, ALackOfMemoryIsAStatusBeforeAPageIsTouched) {
  FullPages pages;
  PageHeap heap(pages, mib, {}, nullptr);
  Status why;
  PageHeap::Cold cold;
  EXPECT_EQ(heap.take(256, cold, why), nullptr);
  EXPECT_EQ(why.code(), ErrorCode::out_of_memory);
  EXPECT_EQ(heap.stats().committed_bytes, 0U);
  EXPECT_EQ(pages.decommitted_bytes, mib) << "what was had of it goes back";
  EXPECT_EQ(heap.prefault(256).code(), ErrorCode::out_of_memory);
  pages.full = false;
  PageRun* run = heap.take(256, cold, why);
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(cold.pages, 256U);
  pages.full = true;
  heap.give_back(run);
  run = heap.take(256, cold, why);
  EXPECT_NE(run, nullptr) << "a warm run needs no more";
  heap.give_back(run);
}

std::size_t taken_bytes(const void* address) {
  struct stat file{};
  EXPECT_EQ(::fstat(shared_files::find(address)->descriptor, &file), 0);
  return static_cast<std::size_t>(file.st_blocks) * 512;
}

TEST(SharedPages, TakeMemoryWhenPopulatedAndGiveItBack) {
  SharedPages pages;
  auto* base = static_cast<std::byte*>(pages.map(8 * mib, shared_data_alignment));
  ASSERT_NE(base, nullptr);
  const std::size_t before = taken_bytes(base);
  base[mib] = std::byte{5};
  ASSERT_TRUE(pages.populate(base, 4 * mib));
  EXPECT_GE(taken_bytes(base), before + 4 * mib);
  EXPECT_EQ(base[mib], std::byte{5});
  pages.decommit(base, 4 * mib);
  EXPECT_EQ(taken_bytes(base), before);
  EXPECT_EQ(base[mib], std::byte{0});
  pages.unmap(base, 8 * mib);
  EXPECT_EQ(shared_files::find(base), nullptr);
  EXPECT_FALSE(pages.populate(base, mib)) << "no longer there";
}

TEST(SharedPages, StartWhereTheyWereAskedTo) {
  SharedPages pages;
  void* base = pages.map(mib * 4, shared_data_alignment);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(base) % shared_data_alignment, 0U);
  pages.unmap(base, mib * 4);
  EXPECT_EQ(pages.map(mib * 4, shared_data_alignment * 2), nullptr);
}

}  // namespace
}  // namespace frys::detail
