// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/stream_heap.hpp"

#include <algorithm>

namespace frys::detail {
namespace {

using State = DeviceBlock::State;

// How much is looked at where there are many seams: enough to find what is there in most cases,
// few enough for the cost to stay below that of asking the driver.
constexpr int most_seams = 32;
constexpr int most_pieces = 16;

}  // namespace

void StreamHeap::prepare() {
  live_.reserve_one();
  prepare_bins();
  if (segments_.size() == segments_.capacity()) segments_.reserve(2 * segments_.size() + 8);
  // One for what a cut leaves over, one for a new segment.
  for (int spare = 0; spare < 2; ++spare) {
    if (unused_ != no_block && blocks_[unused_].right != no_block) break;
    blocks_.emplace_back();
    blocks_.back().right = unused_;
    unused_ = static_cast<BlockId>(blocks_.size() - 1);
  }
}

BlockId StreamHeap::find(StreamSlot slot, std::uint64_t units, std::size_t fits) const noexcept {
  const FreeBins& bins = bins_[slot];
  std::size_t bin = bin_of_units(units);
  BlockId id = bins.head(bin);
  for (; id != no_block && fits > 0; --fits) {
    if (blocks_[id].units >= units) return id;
    id = blocks_[id].following;
  }
  bin = bins.first_filled(bin + 1);
  return bin == FreeBins::bin_count ? no_block : bins.head(bin);
}

BlockId StreamHeap::find_elsewhere(StreamSlot slot, std::uint64_t units,
                                   std::size_t fits) const noexcept {
  BlockId best = no_block;
  bool best_ordered = false;
  for (StreamSlot other = 0; other < bins_.size(); ++other) {
    const BlockId id = other == slot ? no_block : find(other, units, fits);
    if (id == no_block) continue;
    const bool ordered = order_.is_ordered(slot, other, blocks_[id].point);
    if (best == no_block || (ordered && !best_ordered) ||
        (ordered == best_ordered && blocks_[id].units < blocks_[best].units)) {
      best = id;
      best_ordered = ordered;
    }
  }
  return best;
}

BlockId StreamHeap::find_run(std::uint64_t units) const noexcept {
  BlockId seam = seams_;
  for (int seams = 0; seam != no_block && seams < most_seams; ++seams) {
    BlockId first = seam;
    for (int i = 0; i < most_pieces && is_free(blocks_[first].left); ++i) {
      first = blocks_[first].left;
    }
    std::uint64_t sum = 0;
    BlockId at = first;
    for (int i = 0; i < 2 * most_pieces && is_free(at); ++i) {
      sum += blocks_[at].units;
      if (sum >= units) return first;
      at = blocks_[at].right;
    }
    seam = blocks_[seam].following_seam;
  }
  return no_block;
}

std::uint64_t StreamHeap::take(BlockId first, std::uint64_t units) noexcept {
  StreamSlot last_slot = blocks_[first].slot;
  std::uint64_t last_point = blocks_[first].point;
  remove(first);
  while (blocks_[first].units < units) {
    const BlockId next = blocks_[first].right;
    last_slot = blocks_[next].slot;
    last_point = blocks_[next].point;
    remove(next);
    absorb_right(first);
  }
  DeviceBlock& taken = blocks_[first];
  taken.state = State::live;
  if (taken.units > units) {
    const BlockId rest = new_record();
    DeviceBlock& left_over = blocks_[rest];
    left_over.address = taken.address + units * device_unit_bytes;
    left_over.units = taken.units - units;
    left_over.slot = last_slot;
    left_over.point = last_point;
    left_over.left = first;
    left_over.right = taken.right;
    left_over.left_free = false;
    left_over.right_free = taken.right_free;
    if (taken.right != no_block) blocks_[taken.right].left = rest;
    taken.right = rest;
    taken.units = units;
    insert(rest);
  }
  live_.insert(taken.address, first);
  counts_.live_units += units;
  ++counts_.live_blocks;
  return taken.address;
}

bool StreamHeap::give_back(std::uint64_t address, StreamSlot slot, StreamOrder& order) noexcept {
  BlockId id =
      live_.remove(address, [&](BlockId value) { return blocks_[value].address == address; });
  if (id == no_block) return false;
  const BlockId left = blocks_[id].left;
  const BlockId right = blocks_[id].right;
  prefetch(left);
  prefetch(right);
  counts_.live_units -= blocks_[id].units;
  --counts_.live_blocks;
  if (blocks_[id].right_free && joins(right, slot)) {
    remove(right);
    absorb_right(id);
  }
  if (blocks_[id].left_free && joins(left, slot)) {
    remove(left);
    absorb_right(left);
    id = left;
  }
  blocks_[id].slot = slot;
  blocks_[id].point = order.next_point(slot);
  insert(id);
  return true;
}

BlockId StreamHeap::add_segment(void* base, std::uint64_t units, StreamSlot slot) noexcept {
  const BlockId id = new_record();
  DeviceBlock& block = blocks_[id];
  block.address = reinterpret_cast<std::uintptr_t>(base);
  block.units = units;
  block.point = 0;
  block.left = block.right = no_block;
  block.left_free = block.right_free = false;
  block.slot = slot;
  segments_.push_back(id);
  insert(id);
  return id;
}

void StreamHeap::join_complete() noexcept {
  for (const BlockId first : segments_) {
    for (BlockId id = first; id != no_block; id = blocks_[id].right) {
      if (!is_complete(id) || !is_complete(blocks_[id].right)) continue;
      remove(id);
      while (is_complete(blocks_[id].right)) {
        remove(blocks_[id].right);
        absorb_right(id);
      }
      blocks_[id].point = 0;
      insert(id);
    }
  }
}

std::uint64_t StreamHeap::largest_free_units() const noexcept {
  std::uint64_t largest = 0;
  for (const FreeBins& bins : bins_) {
    std::size_t bin = FreeBins::bin_count;
    while (bin > 0 && bins.head(bin - 1) == no_block) --bin;
    if (bin == 0) continue;
    for (BlockId id = bins.head(bin - 1); id != no_block; id = blocks_[id].following) {
      largest = std::max(largest, blocks_[id].units);
    }
  }
  return largest;
}

BlockId StreamHeap::new_record() noexcept {
  const BlockId id = unused_;
  unused_ = blocks_[id].right;
  return id;
}

void StreamHeap::drop_record(BlockId id) noexcept {
  blocks_[id].state = State::unused;
  blocks_[id].right = unused_;
  unused_ = id;
}

void StreamHeap::insert(BlockId id) noexcept {
  DeviceBlock& block = blocks_[id];
  block.state = State::free;
  FreeBins& bins = bins_[block.slot];
  const std::size_t bin = bin_of_units(block.units);
  block.previous = no_block;
  block.following = bins.head(bin);
  if (block.following != no_block) blocks_[block.following].previous = id;
  bins.set_head(bin, id);
  if (block.left != no_block) blocks_[block.left].right_free = true;
  if (block.right != no_block) blocks_[block.right].left_free = true;
  if (block.left_free) link_seam(block.left);
  if (block.right_free) link_seam(id);
  counts_.free_units += block.units;
  ++counts_.free_blocks;
}

void StreamHeap::remove(BlockId id) noexcept {
  DeviceBlock& block = blocks_[id];
  if (block.following != no_block) blocks_[block.following].previous = block.previous;
  if (block.previous != no_block) {
    blocks_[block.previous].following = block.following;
  } else {
    bins_[block.slot].set_head(bin_of_units(block.units), block.following);
  }
  if (block.right_free) unlink_seam(id);
  if (block.left_free) unlink_seam(block.left);
  if (block.left != no_block) blocks_[block.left].right_free = false;
  if (block.right != no_block) blocks_[block.right].left_free = false;
  counts_.free_units -= block.units;
  --counts_.free_blocks;
  block.state = State::live;
}

void StreamHeap::link_seam(BlockId id) noexcept {
  DeviceBlock& block = blocks_[id];
  block.previous_seam = no_block;
  block.following_seam = seams_;
  if (seams_ != no_block) blocks_[seams_].previous_seam = id;
  seams_ = id;
}

void StreamHeap::unlink_seam(BlockId id) noexcept {
  DeviceBlock& block = blocks_[id];
  if (block.following_seam != no_block) {
    blocks_[block.following_seam].previous_seam = block.previous_seam;
  }
  BlockId& before =
      block.previous_seam != no_block ? blocks_[block.previous_seam].following_seam : seams_;
  before = block.following_seam;
}

void StreamHeap::absorb_right(BlockId id) noexcept {
  DeviceBlock& block = blocks_[id];
  const BlockId gone = block.right;
  block.units += blocks_[gone].units;
  block.right = blocks_[gone].right;
  block.right_free = blocks_[gone].right_free;
  if (block.right != no_block) blocks_[block.right].left = id;
  drop_record(gone);
}

void StreamHeap::forget_segment(std::size_t index) noexcept {
  const BlockId first = segments_[index];
  remove(first);
  drop_record(first);
  segments_[index] = segments_.back();
  segments_.pop_back();
}

}  // namespace frys::detail
