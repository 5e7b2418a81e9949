// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/page_map.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace frys::detail {
namespace {

constexpr std::uintptr_t user_addresses = std::uintptr_t{1} << 47;
constexpr std::size_t leaf_entries = 8192;

struct Leaf {
  std::atomic<Segment*> entries[leaf_entries];
};
std::array<std::atomic<Leaf*>, user_addresses / page_map_entry_bytes / leaf_entries> root;

std::uintptr_t entry_of(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) / page_map_entry_bytes;
}

std::uintptr_t last_entry(const void* base, std::size_t bytes) {
  return entry_of(static_cast<const std::byte*>(base) + bytes - 1);
}

}  // namespace

bool page_map_prepare(const void* base, std::size_t bytes, SystemCallCount& calls) noexcept {
  const std::uintptr_t last = last_entry(base, bytes) / leaf_entries;
  for (std::uintptr_t at = entry_of(base) / leaf_entries; at <= last; ++at) {
    if (at >= root.size()) return false;
    std::atomic<Leaf*>& slot = root[at];
    Leaf* leaf = slot.load(std::memory_order_acquire);
    if (leaf != nullptr) continue;
    // Zero pages are a Leaf of null pointers.
    void* fresh = map_pages(sizeof(Leaf), alignof(Leaf), calls);
    if (fresh == nullptr) return false;
    if (!slot.compare_exchange_strong(leaf, static_cast<Leaf*>(fresh), std::memory_order_acq_rel)) {
      unmap_pages(fresh, sizeof(Leaf), calls);
    }
  }
  return true;
}

void page_map_write(const void* base, std::size_t bytes, Segment* segment) noexcept {
  const std::uintptr_t last = last_entry(base, bytes);
  for (std::uintptr_t entry = entry_of(base); entry <= last; ++entry) {
    Leaf* leaf = root[entry / leaf_entries].load(std::memory_order_acquire);
    leaf->entries[entry % leaf_entries].store(segment, std::memory_order_release);
  }
}

Segment* page_map_find(const void* address) noexcept {
  const std::uintptr_t entry = entry_of(address);
  if (entry / leaf_entries >= root.size()) return nullptr;
  Leaf* leaf = root[entry / leaf_entries].load(std::memory_order_acquire);
  if (leaf == nullptr) return nullptr;
  return leaf->entries[entry % leaf_entries].load(std::memory_order_acquire);
}

}  // namespace frys::detail
