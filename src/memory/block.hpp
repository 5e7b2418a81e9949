// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The record of one block of a pool.
//
// Layout: one cache line, apart from the bytes it describes, so that a free block is never touched
// and stays poisoned. Slab blocks have their records in one array beside the slab's description
// (slab.hpp), a run's is the head of the run's own record (segment.hpp).

#pragma once

#include "frys/memory/storage.hpp"
#include "memory/size_class.hpp"

namespace frys::detail {

class PoolCore;
class ScopeNode;
struct Slab;

/// `StorageRecord::origin`: a size class below `size_classes`, or one of these. From `slab_classes`
/// on the block is a run, and goes through the threads' caches all the same.
inline constexpr std::uint16_t origin_run = 0x100;
inline constexpr std::uint16_t origin_wrapped = 0x101;

struct alignas(64) Block : StorageRecord {
  union {
    ScopeNode* scope = nullptr;  ///< While live: who is charged; null for none.
    Block* next;                 ///< While free: the next of its list.
  };
  Slab* slab = nullptr;  ///< Null when the block is a run.
  PoolCore* pool = nullptr;
  /// System pages under this block that were never used or made ready; 0 after the first owner.
  std::uint32_t fresh_pages = 0;
};
static_assert(sizeof(Block) == 64);

}  // namespace frys::detail
