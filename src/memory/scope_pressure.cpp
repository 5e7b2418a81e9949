// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a scope does about a request that cannot be had.

#include <utility>

#include "memory/pressure.hpp"
#include "memory/scope_node.hpp"

namespace frys::detail {

Block* ScopeNode::obtain(std::size_t bytes, std::size_t alignment, Refusal& refusal) noexcept {
  const Units units = units_of(bytes);
  const ScopeNode* refuser = nullptr;
  if (Status paid = charge(units, bytes, refuser); !paid.ok()) [[unlikely]] {
    refusal = {.status = std::move(paid), .by = refuser};
    return nullptr;
  }
  Status why;
  Block* block = pool_->allocate_aligned(bytes, alignment, why);
  if (block == nullptr) {
    uncharge(units, true);
    refusal = {.status = out_of_memory(why, bytes)};
  }
  return block;
}

// Without memory from the system, what lies free in this process may do: in one piece, or as
// addresses. A budget counts what is held, so there a trim gains nothing.
Block* ScopeNode::obtain_after_trim(std::size_t bytes, std::size_t alignment,
                                    Refusal& refusal) noexcept {
  if (refusal.status != ErrorCode::out_of_memory) return nullptr;
  const PoolStats before = pool_->stats();
  pool_->trim();
  const PoolStats after = pool_->stats();
  const bool gained =
      after.committed_bytes < before.committed_bytes || after.mapped_bytes < before.mapped_bytes;
  return gained ? obtain(bytes, alignment, refusal) : nullptr;
}

Block* ScopeNode::obtain_under_pressure(std::size_t bytes, std::size_t alignment,
                                        Refusal& refusal) noexcept {
  if (PressureChain::inside_handler()) return nullptr;
  if (Block* block = obtain_after_trim(bytes, alignment, refusal)) return block;
  PressurePlace place;
  for (;;) {
    const bool refused = refusal.status == ErrorCode::budget_exceeded;
    if (!refused && refusal.status != ErrorCode::out_of_memory) return nullptr;
    const MemoryPressure pressure{
        .scope = path_,
        .refused_by = refusal.by != nullptr ? std::string_view(refusal.by->path_) : "",
        .wanted_bytes = bytes,
        .reason = refused ? PressureReason::budget : PressureReason::system};
    std::size_t freed = 0;
    if (!tree_->pressure->call_next(place, pressure, freed)) return nullptr;
    if (freed == 0) continue;
    if (Block* block = obtain(bytes, alignment, refusal)) return block;
    if (Block* block = obtain_after_trim(bytes, alignment, refusal)) return block;
  }
}

}  // namespace frys::detail
