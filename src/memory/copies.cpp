// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/copies.hpp"

#include <atomic>

#include "memory/scope_node.hpp"

namespace frys {
namespace {

std::atomic<std::uint64_t> all_copies{0};
std::atomic<std::uint64_t> all_bytes{0};

}  // namespace

void note_copy(const Storage* destination, std::size_t bytes) noexcept {
  all_copies.fetch_add(1, std::memory_order_relaxed);
  all_bytes.fetch_add(bytes, std::memory_order_relaxed);
  if (destination == nullptr || !*destination) return;
  const detail::StorageRecord* record = destination->record();
  if (record->origin == detail::origin_wrapped) return;
  detail::ScopeNode* scope = static_cast<const detail::Block*>(record)->scope;
  if (scope != nullptr) scope->note_copy(bytes);
}

CopyStats copy_stats() noexcept {
  return {all_copies.load(std::memory_order_relaxed), all_bytes.load(std::memory_order_relaxed)};
}

}  // namespace frys
