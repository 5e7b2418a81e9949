// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The blocks of a pool of device memory: which are live, which are free on which stream and since
// which point (stream_order.hpp), what lies beside what. Calls no driver; whoever takes a free
// block of another stream has ordered the two before.
//
// Invariants: the blocks of a segment, from left to right, cover it; a free block whose right
// neighbour is free too is a "seam" and in the list of seams; a free block is in the bin of its
// stream and size; the table knows the live ones. Free neighbours of one stream are joined when the
// second is freed, and those of two streams when the one is ordered behind the other already.
//
// Records lie in host memory, one cache line each, and are named by index. `prepare` makes all the
// room that an operation needs, so the rest cannot fail.
//
// Threads: not safe; the pool's lock guards it. Cost: O(1) unless a function says otherwise.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "memory/address_table.hpp"
#include "memory/free_bins.hpp"
#include "memory/stream_order.hpp"

namespace frys::detail {

struct alignas(64) DeviceBlock {
  enum class State : std::uint8_t { unused, live, free };
  std::uint64_t address = 0;
  std::uint64_t units = 0;
  std::uint64_t point = 0;   ///< Free: when it became so, on the stream of `slot`.
  BlockId left = no_block;   ///< Neighbours in the segment.
  BlockId right = no_block;  ///< Unused: the next unused record.
  BlockId previous = no_block;
  BlockId following = no_block;
  BlockId previous_seam = no_block;
  BlockId following_seam = no_block;
  StreamSlot slot = 0;
  State state = State::unused;
  bool left_free = false;  ///< The neighbour's state, kept here so as not to touch it to know.
  bool right_free = false;
};

class StreamHeap {
 public:
  explicit StreamHeap(const StreamOrder& order) noexcept : order_(order) {}

  /// Makes room for what one allocation adds, or one segment. Throws std::bad_alloc.
  void prepare();
  /// Makes bins for every stream, which is all that `give_back` needs. Throws std::bad_alloc.
  void prepare_bins() {
    if (bins_.size() < order_.slots()) bins_.resize(order_.slots());
  }

  /// How many blocks of a bin are looked at whose sizes may or may not do.
  static constexpr std::size_t few_fits = 2;
  static constexpr std::size_t all_fits = ~std::size_t{0};

  /// A free block of the stream that holds `units`, or `no_block`: good fit. The bin that would
  /// hold an exact fit is tried first, so that a size that was freed before is found again.
  [[nodiscard]] BlockId find(StreamSlot slot, std::uint64_t units, std::size_t fits) const noexcept;
  /// The same of the other streams: one that `slot` is ordered behind already if there is one,
  /// then the smallest. Cost: O(streams).
  [[nodiscard]] BlockId find_elsewhere(StreamSlot slot, std::uint64_t units,
                                       std::size_t fits) const noexcept;
  /// The first of several free neighbours that hold `units` together, or `no_block`. Looks at a
  /// bounded number of seams, the newest first.
  [[nodiscard]] BlockId find_run(std::uint64_t units) const noexcept;

  [[nodiscard]] const DeviceBlock& block(BlockId id) const noexcept { return blocks_[id]; }

  /// Makes `units` from the front of a free block and, where it is too small, of the free ones
  /// right of it live. What is left over stays as it was, its stream's.
  std::uint64_t take(BlockId first, std::uint64_t units) noexcept;
  /// Frees the live block at `address` on `slot`, now. Neighbours that `slot` is ordered behind
  /// join it. False when no live block is there.
  bool give_back(std::uint64_t address, StreamSlot slot, StreamOrder& order) noexcept;

  /// Adds memory that nobody used yet, free on `slot`. Precondition: `prepare`d since the last.
  BlockId add_segment(void* base, std::uint64_t units, StreamSlot slot) noexcept;
  /// Joins all free neighbours whose points are complete. Cost: O(blocks).
  void join_complete() noexcept;
  /// Offers each segment that is free as a whole, and complete, to `release(base, bytes)`, and
  /// forgets it when that returns true. Returns how many went. Cost: O(segments).
  template <typename Release>
  std::size_t release_segments(Release&& release) noexcept {
    std::size_t released = 0;
    for (std::size_t i = segments_.size(); i-- > 0;) {
      const BlockId first = segments_[i];
      const DeviceBlock& block = blocks_[first];
      if (block.state != DeviceBlock::State::free || block.right != no_block ||
          !order_.is_complete(block.slot, block.point) ||
          !release(block.address, block.units * device_unit_bytes)) {
        continue;
      }
      forget_segment(i);
      ++released;
    }
    return released;
  }

  struct Counts {
    std::uint64_t live_units = 0;
    std::uint64_t free_units = 0;
    std::uint64_t live_blocks = 0;
    std::uint64_t free_blocks = 0;
  };
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
  [[nodiscard]] std::size_t segments() const noexcept { return segments_.size(); }
  /// Cost: O(free blocks of one bin of each stream).
  [[nodiscard]] std::uint64_t largest_free_units() const noexcept;

 private:
  [[nodiscard]] bool is_free(BlockId id) const noexcept {
    return id != no_block && blocks_[id].state == DeviceBlock::State::free;
  }
  [[nodiscard]] bool is_complete(BlockId id) const noexcept {
    return is_free(id) && order_.is_complete(blocks_[id].slot, blocks_[id].point);
  }
  /// Whether a free block may become part of one that is free on `slot` now.
  [[nodiscard]] bool joins(BlockId id, StreamSlot slot) const noexcept {
    return order_.is_ordered(slot, blocks_[id].slot, blocks_[id].point);
  }
  void prefetch(BlockId id) const noexcept {
    if (id != no_block) __builtin_prefetch(&blocks_[id], 1);
  }
  BlockId new_record() noexcept;
  void drop_record(BlockId id) noexcept;
  /// Into and out of the bins and the seams.
  void insert(BlockId id) noexcept;
  void remove(BlockId id) noexcept;
  void link_seam(BlockId id) noexcept;
  void unlink_seam(BlockId id) noexcept;
  /// Makes `id`, which is in no bin, longer by its right neighbour, which is in none either.
  void absorb_right(BlockId id) noexcept;
  void forget_segment(std::size_t index) noexcept;

  const StreamOrder& order_;
  std::vector<DeviceBlock, LargePageAllocator<DeviceBlock>> blocks_;
  BlockId unused_ = no_block;
  std::vector<FreeBins> bins_;     ///< By slot.
  std::vector<BlockId> segments_;  ///< The first block of each.
  AddressTable live_;
  BlockId seams_ = no_block;
  Counts counts_;
};

}  // namespace frys::detail
