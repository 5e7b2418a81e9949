// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/private_heap.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "memory/memory_tools.hpp"

namespace frys::detail {
namespace {

class PrivateHeaps : public ::testing::TestWithParam<MemoryUpstream> {
 protected:
  void SetUp() override {
    heap_ = PrivateHeap::find(GetParam());
    if (heap_ == nullptr) GTEST_SKIP() << to_string(GetParam()) << " is not available here";
  }
  const PrivateHeap* heap_ = nullptr;
};

std::size_t misalignment(const void* block, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(block) % alignment;
}

TEST_P(PrivateHeaps, NoBlockIsEverMisaligned) {
  for (std::size_t alignment = 1; alignment <= 4096; alignment *= 2) {
    for (std::size_t bytes = 1; bytes <= 4 * 4096; bytes += bytes < 2200 ? 1 : 97) {
      std::array<void*, 3> blocks{};
      for (void*& block : blocks) {
        block = heap_->allocate(bytes, alignment);
        ASSERT_NE(block, nullptr);
        ASSERT_EQ(misalignment(block, alignment), 0U) << bytes << " bytes at " << alignment;
        std::memset(block, 1, bytes);
      }
      for (void* block : blocks) heap_->deallocate(block, alignment);
    }
  }
}

TEST_P(PrivateHeaps, SizesThatAreTheirAlignmentStayApart) {
  for (std::size_t bytes : {256UL, 512UL, 1024UL, 2048UL, 4096UL}) {
    std::vector<unsigned char*> blocks;
    for (unsigned char i = 0; i < 100; ++i) {
      auto* block = static_cast<unsigned char*>(heap_->allocate(bytes, bytes));
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(misalignment(block, bytes), 0U) << bytes;
      std::memset(block, i, bytes);
      blocks.push_back(block);
    }
    for (unsigned char i = 0; i < 100; ++i) {
      EXPECT_TRUE(std::all_of(blocks[i], blocks[i] + bytes, [i](auto b) { return b == i; }));
      heap_->deallocate(blocks[i], bytes);
    }
  }
}

TEST_P(PrivateHeaps, GivesZeroBytesAndIgnoresNull) {
  void* block = heap_->allocate(0, 64);
  EXPECT_NE(block, nullptr);
  heap_->deallocate(block, 64);
  heap_->deallocate(nullptr, 8);
  heap_->deallocate(nullptr, 64);
}

TEST_P(PrivateHeaps, RefusesMoreThanThereIs) {
  if (has_shadow_memory()) GTEST_SKIP() << "the sanitizer ends the process instead";
  EXPECT_EQ(heap_->allocate(std::size_t{1} << 60, 16), nullptr);
  EXPECT_EQ(heap_->allocate(std::size_t{1} << 60, 64), nullptr);
}

TEST_P(PrivateHeaps, BlocksOutliveTheThreadThatMadeThem) {
  std::vector<char*> blocks;
  std::thread([&] {
    for (int i = 0; i < 1000; ++i) {
      blocks.push_back(static_cast<char*>(heap_->allocate(200, 64)));
      std::memset(blocks.back(), i % 100, 200);
    }
  }).join();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(blocks[i][199], i % 100);
    heap_->deallocate(blocks[i], 64);
  }
}

// What runs after the library's own hook for the end of a thread may still give and take.
TEST_P(PrivateHeaps, ServesTheDestructorsOfAThread) {
  struct Late {
    const PrivateHeap* heap;
    void* block;
    int rounds;
    std::atomic<int>* served;
  };
  static pthread_key_t key;
  ASSERT_EQ(pthread_key_create(&key,
                               [](void* value) {
                                 auto* late = static_cast<Late*>(value);
                                 late->heap->deallocate(late->block, 64);
                                 late->block = late->heap->allocate(300, 64);
                                 if (late->block != nullptr) late->served->fetch_add(1);
                                 if (--late->rounds > 0) pthread_setspecific(key, late);
                               }),
            0);
  std::atomic<int> served{0};
  Late late{heap_, heap_->allocate(300, 64), 3, &served};
  std::thread([&] { pthread_setspecific(key, &late); }).join();
  EXPECT_EQ(served.load(), 3);
  heap_->deallocate(late.block, 64);
  pthread_key_delete(key);
}

TEST_P(PrivateHeaps, ServesAChildThatWasForkedWhileOthersAllocate) {
  if (has_shadow_memory()) GTEST_SKIP() << "sanitizers do not follow such a fork";
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) heap_->deallocate(heap_->allocate(5000, 64), 64);
  });
  void* inherited = heap_->allocate(1000, 64);
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::alarm(20);  // a lock that stayed with the parent's thread
      heap_->deallocate(inherited, 64);
      for (std::size_t bytes = 1; bytes < 100000; bytes = bytes * 3 / 2 + 1) {
        void* block = heap_->allocate(bytes, 64);
        if (block == nullptr) ::_exit(1);
        std::memset(block, 1, bytes);
        heap_->deallocate(block, 64);
      }
      ::_exit(0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  stop = true;
  other.join();
  heap_->deallocate(inherited, 64);
}

INSTANTIATE_TEST_SUITE_P(Upstreams, PrivateHeaps,
                         ::testing::Values(MemoryUpstream::system, MemoryUpstream::mimalloc,
                                           MemoryUpstream::jemalloc),
                         [](const auto& param) { return std::string(to_string(param.param)); });

// Tells what this machine's library does, which is not ours to fail for.
TEST(Mimalloc, SaysWhetherItAlignsWhatIsAsBigAsItsAlignment) {
  if (!is_available(MemoryUpstream::mimalloc)) GTEST_SKIP() << "mimalloc is not available here";
  void* library = ::dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  ASSERT_NE(library, nullptr);
  auto* aligned =
      reinterpret_cast<void* (*)(std::size_t, std::size_t)>(::dlsym(library, "mi_malloc_aligned"));
  auto* give_back = reinterpret_cast<void (*)(void*)>(::dlsym(library, "mi_free"));
  ASSERT_TRUE(aligned != nullptr && give_back != nullptr);
  std::string faulty;
  for (std::size_t bytes = 16; bytes <= 4096; bytes *= 2) {
    std::vector<void*> blocks(16);
    for (void*& block : blocks) block = aligned(bytes, bytes);
    if (std::any_of(blocks.begin(), blocks.end(),
                    [bytes](void* block) { return misalignment(block, bytes) != 0; })) {
      faulty += " " + std::to_string(bytes);
    }
    for (void* block : blocks) give_back(block);
  }
  ::dlclose(library);
  RecordProperty("misaligned_sizes", faulty);
  std::printf("mi_malloc_aligned(n, n) misaligns n =%s\n",
              faulty.empty() ? " none" : faulty.data());
}

TEST(MetadataUpstream, IsChosenOnce) {
  const MemoryUpstream now = PrivateHeap::metadata().upstream();
  for (MemoryUpstream wanted :
       {MemoryUpstream::system, MemoryUpstream::mimalloc, MemoryUpstream::jemalloc}) {
    EXPECT_EQ(choose_metadata_upstream(wanted), now);
  }
  EXPECT_EQ(PrivateHeap::metadata().upstream(), now);
}

TEST(MetadataUpstream, IsTheSystemUnlessChosen) {
  EXPECT_EQ(PrivateHeap::metadata().upstream(), MemoryUpstream::system);
}

TEST(MetadataUpstream, IsTheSystemForTools) {
  if (!has_shadow_memory()) GTEST_SKIP() << "no such tool here";
  EXPECT_FALSE(is_available(MemoryUpstream::mimalloc));
  EXPECT_FALSE(is_available(MemoryUpstream::jemalloc));
  EXPECT_EQ(PrivateHeap::metadata().upstream(), MemoryUpstream::system);
}

}  // namespace
}  // namespace frys::detail
