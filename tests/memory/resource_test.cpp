// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "conformance/memory_resource_suite.hpp"

#include <bit>
#include <cstdlib>

#include "frys/memory/manager.hpp"
#include "frys/memory/pmr.hpp"
#include "frys/memory/pool.hpp"
#include "frys/memory/simulated_device.hpp"
#include "frys/memory/stream_pool.hpp"

namespace frys::testing {
namespace {

// A resource as a host would write one, over the C library.
class HostResource final : public MemoryResource {
 public:
  Result<void*> allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    if (!std::has_single_bit(alignment)) {
      return Status(ErrorCode::invalid_argument, "the alignment is not a power of two");
    }
    const std::size_t least = std::max(alignment, sizeof(void*));
    if (bytes >= std::size_t{1} << 40) return Status::out_of_memory();  // more than any host has
    void* block = nullptr;
    if (::posix_memalign(&block, least, std::max(bytes, least)) != 0) {
      return Status::out_of_memory();
    }
    return block;
  }
  void deallocate(void* block, std::size_t, std::size_t) noexcept override { std::free(block); }
  [[nodiscard]] Device device() const noexcept override { return {}; }
  [[nodiscard]] std::string_view name() const noexcept override { return "host"; }
};

// Has no memory at all: what code above must be able to live with.
class NullResource final : public MemoryResource {
 public:
  Result<void*> allocate(std::size_t, std::size_t) noexcept override {
    return Status::out_of_memory();
  }
  void deallocate(void*, std::size_t, std::size_t) noexcept override {}
  [[nodiscard]] Device device() const noexcept override { return {}; }
  [[nodiscard]] std::string_view name() const noexcept override { return "null"; }
};

MemoryResourceCase pool_case(const char* name, const MemoryPoolOptions& options) {
  return {.name = name, .make = [options](const Environment& environment) {
            Result<std::unique_ptr<MemoryPool>> pool = MemoryPool::create(options, environment);
            return pool ? std::unique_ptr<MemoryResource>(*std::move(pool)) : nullptr;
          }};
}

// A device and a pool of its memory.
class DeviceResource final : public MemoryResource {
 public:
  explicit DeviceResource(const Environment& environment)
      : device_(std::size_t{1} << 30, environment), pool_(*StreamOrderedPool::create(device_)) {}
  Result<void*> allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    return pool_->allocate(bytes, alignment);
  }
  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept override {
    pool_->deallocate(block, bytes, alignment);
  }
  [[nodiscard]] Device device() const noexcept override { return pool_->device(); }
  [[nodiscard]] std::string_view name() const noexcept override { return pool_->name(); }

 private:
  SimulatedDevice device_;
  std::unique_ptr<StreamOrderedPool> pool_;
};

// A scope as the standard library's containers see it.
class PmrScope final : public MemoryResource {
 public:
  explicit PmrScope(const Environment& environment)
      : memory_(*TensorMemoryManager::create({}, environment)), blocks_(memory_.root()) {}
  Result<void*> allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    try {
      return blocks_.allocate(bytes, alignment);
    } catch (const MemoryRefused& refused) {
      return refused.status();
    }
  }
  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept override {
    if (block != nullptr) blocks_.deallocate(block, bytes, alignment);
  }
  [[nodiscard]] Device device() const noexcept override { return {}; }
  [[nodiscard]] std::string_view name() const noexcept override { return "pmr"; }

 private:
  TensorMemoryManager memory_;
  PmrResource blocks_;
};

INSTANTIATE_TEST_SUITE_P(
    Resources, MemoryResourceConformance,
    ::testing::Values(
        MemoryResourceCase{
            .name = "System",
            .make = [](const Environment& e) { return std::make_unique<SystemResource>(e); },
            .largest_alignment = std::size_t{4} << 20},
        pool_case("Pool", {}), pool_case("PoolWithoutCaches", {.thread_caches = false}),
        pool_case("PoolThatKeepsNothing", {.retain_bytes = 0}),
        pool_case("PoolOfSmallSegments", {.segment_bytes = 1}),
        // Over the system where the library is not available.
        pool_case("PoolOverMimalloc", {.upstream = MemoryUpstream::mimalloc}),
        pool_case("PoolOfSmallSegmentsOverMimalloc",
                  {.segment_bytes = 1, .retain_bytes = 0, .upstream = MemoryUpstream::mimalloc}),
        pool_case("PoolOverJemalloc", {.upstream = MemoryUpstream::jemalloc}),
        pool_case("PoolOfSmallSegmentsOverJemalloc",
                  {.segment_bytes = 1, .retain_bytes = 0, .upstream = MemoryUpstream::jemalloc}),
        MemoryResourceCase{
            .name = "PmrScope",
            .make = [](const Environment& e) { return std::make_unique<PmrScope>(e); }},
        pool_case("SharedPool", {.backing = PoolBacking::shared}),
        pool_case("SharedPoolWithoutCaches",
                  {.thread_caches = false, .backing = PoolBacking::shared}),
        pool_case("SharedPoolThatKeepsNothing",
                  {.retain_bytes = 0, .backing = PoolBacking::shared}),
        pool_case("SharedPoolOfSmallSegments",
                  {.segment_bytes = 1, .backing = PoolBacking::shared}),
        MemoryResourceCase{
            .name = "StreamOrderedPool",
            .make = [](const Environment& e) { return std::make_unique<DeviceResource>(e); },
            .largest_alignment = device_alignment_bytes,
            .fault_point = "device.reserve",
            .tries = 2,
            .device = {DeviceType::simulated, 0}},
        MemoryResourceCase{
            .name = "Host",
            .make = [](const Environment&) { return std::make_unique<HostResource>(); },
            .asks_injector = false},
        MemoryResourceCase{
            .name = "Null",
            .make = [](const Environment&) { return std::make_unique<NullResource>(); },
            .refuses_all = true,
            .asks_injector = false}),
    [](const auto& param) { return param.param.name; });

TEST(SystemResource, GivesZeroedPages) {
  SystemResource pages;
  Result<void*> block = pages.allocate(10000, 64);
  ASSERT_TRUE(block);
  const auto* bytes = static_cast<unsigned char*>(*block);
  EXPECT_TRUE(std::all_of(bytes, bytes + 10000, [](unsigned char b) { return b == 0; }));
  pages.deallocate(*block, 10000, 64);
}

TEST(PageFaults, GrowWhenPagesAreTouched) {
  SystemResource pages;
  constexpr std::size_t bytes = 64 * 4096;
  Result<void*> block = pages.allocate(bytes, 64);
  ASSERT_TRUE(block);
  const std::uint64_t before = thread_page_faults();
  std::memset(*block, 1, bytes);
  EXPECT_GT(thread_page_faults(), before);
  pages.deallocate(*block, bytes, 64);
}

}  // namespace
}  // namespace frys::testing
