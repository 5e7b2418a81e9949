// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/stream_pool.hpp"

#include <algorithm>
#include <bit>
#include <mutex>
#include <new>
#include <string>

#include "memory/os_memory.hpp"
#include "memory/stream_heap.hpp"
#include "memory/stream_order.hpp"

namespace frys {

using detail::BlockId;
using detail::device_unit_bytes;
using detail::no_block;
using detail::StreamSlot;

namespace {

// What CUDA maps at least, so a smaller segment would waste the rest.
constexpr std::uint64_t segment_granule_bytes = std::uint64_t{2} << 20;

std::uint64_t units_for(std::size_t bytes) noexcept {
  return bytes == 0 ? 1 : (bytes - 1) / device_unit_bytes + 1;
}

std::uint64_t in_granules(std::uint64_t bytes) noexcept {
  return (std::max<std::uint64_t>(bytes, 1) + segment_granule_bytes - 1) / segment_granule_bytes *
         segment_granule_bytes;
}

std::string name_of(Device device) {
  const char* type = device.type == DeviceType::cuda        ? "CUDA"
                     : device.type == DeviceType::simulated ? "simulated"
                                                            : "host";
  return std::string(type) + " device " + std::to_string(device.index);
}

}  // namespace

struct StreamOrderedPool::Impl {
  Impl(DeviceDriver& the_driver, const StreamPoolOptions& options)
      : driver(the_driver),
        segment_bytes(in_granules(options.segment_bytes)),
        order(the_driver),
        heap(order) {}

  DeviceDriver& driver;
  std::uint64_t segment_bytes;
  mutable std::mutex mutex;
  detail::StreamOrder order;
  detail::StreamHeap heap;
  std::uint64_t cross_stream_reuses = 0;
  std::uint64_t merges = 0;
  std::uint64_t driver_failures = 0;

  // Runs `body` under the lock; an exception becomes a value.
  template <typename Body>
  auto guarded(Body&& body) noexcept -> decltype(body()) {
    try {
      const std::lock_guard lock(mutex);
      return body();
    } catch (const std::bad_alloc&) {
      return Status::out_of_memory();
    }
  }
  /// Counts a failure and passes it on.
  Status noted(Status status) noexcept {
    if (!status.ok()) ++driver_failures;
    return status;
  }

  Result<void*> serve(std::uint64_t units, Stream stream);
  /// Orders `slot` behind the free blocks from `first` on that hold `units`, and takes them.
  /// Null when the driver fails; then nothing was taken.
  void* take_ordered(BlockId first, std::uint64_t units, StreamSlot slot);
  /// The rungs that need no new memory.
  void* take_cached(std::uint64_t units, StreamSlot slot,
                    std::size_t fits = detail::StreamHeap::few_fits);
  Status grow(std::uint64_t bytes, StreamSlot slot);
  /// Makes every free block anybody's, and gives whole segments back. `released`: how many.
  Status reclaim(std::size_t& released);
  Status refusal(std::uint64_t units, Stream stream, const Status& why) const;
};

Result<void*> StreamOrderedPool::Impl::serve(std::uint64_t units, Stream stream) {
  const StreamSlot slot = order.slot_of(stream);
  heap.prepare();
  if (void* block = take_cached(units, slot)) return block;
  const std::uint64_t least_bytes = in_granules(units * device_unit_bytes);
  const std::uint64_t sizes[] = {std::max(segment_bytes, least_bytes), least_bytes};
  Status why = grow(sizes[0], slot);
  if (why == ErrorCode::out_of_memory && sizes[1] < sizes[0]) why = grow(sizes[1], slot);
  if (why == ErrorCode::out_of_memory) {
    std::size_t released = 0;
    // A stream that cannot be waited for keeps its blocks; the others may do.
    (void)reclaim(released);
    if (void* block = take_cached(units, slot, detail::StreamHeap::all_fits)) return block;
    if (released != 0) why = grow(least_bytes, slot);
  }
  if (!why.ok()) {
    return why == ErrorCode::out_of_memory ? refusal(units, stream, why)
                                           : why.with_context("the device gave no segment");
  }
  return take_cached(units, slot);
}

void* StreamOrderedPool::Impl::take_ordered(BlockId first, std::uint64_t units, StreamSlot slot) {
  std::uint64_t sum = 0;
  bool crosses = false;
  for (BlockId id = first; sum < units; id = heap.block(id).right) {
    const detail::DeviceBlock& block = heap.block(id);
    if (!noted(order.order(slot, block.slot, block.point)).ok()) return nullptr;
    crosses = crosses || block.slot != slot;
    sum += block.units;
  }
  merges += heap.block(first).units < units ? 1 : 0;
  cross_stream_reuses += crosses ? 1 : 0;
  return reinterpret_cast<void*>(heap.take(first, units));
}

void* StreamOrderedPool::Impl::take_cached(std::uint64_t units, StreamSlot slot, std::size_t fits) {
  BlockId id = heap.find(slot, units, fits);
  if (id != no_block) return reinterpret_cast<void*>(heap.take(id, units));
  id = heap.find_elsewhere(slot, units, fits);
  if (id == no_block) id = heap.find_run(units);
  return id == no_block ? nullptr : take_ordered(id, units, slot);
}

Status StreamOrderedPool::Impl::grow(std::uint64_t bytes, StreamSlot slot) {
  heap.prepare();
  Result<void*> segment = driver.reserve(bytes);
  if (!segment) return noted(segment.error());
  heap.add_segment(*segment, bytes / device_unit_bytes, slot);
  heap.prepare();
  return {};
}

Status StreamOrderedPool::Impl::reclaim(std::size_t& released) {
  Status first = noted(order.synchronize_all());
  heap.join_complete();
  released = heap.release_segments([&](std::uint64_t base, std::uint64_t bytes) noexcept {
    Status status = noted(driver.release(reinterpret_cast<void*>(base), bytes));
    if (!status.ok() && first.ok()) first = status;
    return status.ok();
  });
  return first;
}

Status StreamOrderedPool::Impl::refusal(std::uint64_t units, Stream stream,
                                        const Status& why) const {
  const detail::StreamHeap::Counts& counts = heap.counts();
  return {ErrorCode::out_of_memory,
          "the pool was asked for " + std::to_string(units * device_unit_bytes) +
              " bytes on stream " + std::to_string(stream.handle) + " of " +
              name_of(driver.device()) + "; " +
              std::to_string(counts.live_units * device_unit_bytes) + " bytes are live in " +
              std::to_string(counts.live_blocks) + " blocks, " +
              std::to_string(counts.free_units * device_unit_bytes) + " are free in " +
              std::to_string(counts.free_blocks) + " pieces, the largest of " +
              std::to_string(heap.largest_free_units() * device_unit_bytes) +
              ", and no more is to be had (" + std::string(why.message()) +
              "); give blocks back, or ask for smaller ones"};
}

StreamOrderedPool::StreamOrderedPool(std::unique_ptr<Impl> impl) noexcept
    : impl_(std::move(impl)) {}

StreamOrderedPool::~StreamOrderedPool() {
  (void)trim();
  (void)impl_->guarded([&]() -> Status {
    impl_->order.destroy_events();
    return {};
  });
}

Result<std::unique_ptr<StreamOrderedPool>> StreamOrderedPool::create(
    DeviceDriver& driver, const StreamPoolOptions& options) {
  if (options.segment_bytes > detail::max_request_bytes) {
    return Status(ErrorCode::invalid_argument,
                  "StreamPoolOptions::segment_bytes is more than can be addressed");
  }
  try {
    auto impl = std::make_unique<Impl>(driver, options);
    return std::unique_ptr<StreamOrderedPool>(new StreamOrderedPool(std::move(impl)));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Result<void*> StreamOrderedPool::allocate(std::size_t bytes, Stream stream) noexcept {
  return impl_->guarded([&]() -> Result<void*> {
    if (bytes > detail::max_request_bytes) {
      return Status(ErrorCode::invalid_argument, "the pool was asked for " + std::to_string(bytes) +
                                                     " bytes, more than can be addressed");
    }
    return impl_->serve(units_for(bytes), stream);
  });
}

Status StreamOrderedPool::deallocate(void* block, std::size_t bytes, Stream stream) noexcept {
  if (block == nullptr) return {};
  return impl_->guarded([&]() -> Status {
    const StreamSlot slot = impl_->order.slot_of(stream);
    impl_->heap.prepare_bins();
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    if (impl_->heap.give_back(address, slot, impl_->order)) return {};
    return {ErrorCode::invalid_argument,
            "a block of " + std::to_string(bytes) +
                " bytes was given back that is not a live block of this pool"};
  });
}

Result<void*> StreamOrderedPool::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (std::has_single_bit(alignment) && alignment <= device_alignment_bytes) {
    return allocate(bytes, Stream{});
  }
  return impl_->guarded([&]() -> Result<void*> {
    return Status(ErrorCode::invalid_argument,
                  "the pool was asked for an alignment of " + std::to_string(alignment) +
                      "; it gives powers of two up to " + std::to_string(device_alignment_bytes));
  });
}

void StreamOrderedPool::deallocate(void* block, std::size_t bytes, std::size_t) noexcept {
  (void)deallocate(block, bytes, Stream{});
}

Device StreamOrderedPool::device() const noexcept { return impl_->driver.device(); }

std::string_view StreamOrderedPool::name() const noexcept { return "stream-ordered pool"; }

Status StreamOrderedPool::retire(Stream stream) noexcept {
  return impl_->guarded([&] { return impl_->noted(impl_->order.retire(stream)); });
}

Status StreamOrderedPool::trim() noexcept {
  return impl_->guarded([&] {
    std::size_t released = 0;
    return impl_->reclaim(released);
  });
}

StreamPoolStats StreamOrderedPool::stats() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  const detail::StreamHeap::Counts& counts = impl_->heap.counts();
  return {.reserved_bytes = (counts.live_units + counts.free_units) * device_unit_bytes,
          .live_bytes = counts.live_units * device_unit_bytes,
          .cached_bytes = counts.free_units * device_unit_bytes,
          .live_blocks = counts.live_blocks,
          .free_blocks = counts.free_blocks,
          .segments = impl_->heap.segments(),
          .events = impl_->order.stats().events,
          .cross_stream_reuses = impl_->cross_stream_reuses,
          .waits = impl_->order.stats().waits,
          .merges = impl_->merges,
          .driver_failures = impl_->driver_failures};
}

}  // namespace frys
