// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/pmr.hpp"

#include <bit>
#include <cassert>

#include "memory/os_memory.hpp"
#include "memory/scope_node.hpp"

namespace frys {
namespace {

constexpr std::size_t largest_alignment = std::size_t{64} << 10;

// A handle that is not dropped: its reference is the container's, and is found by the address.
union OfContainer {
  explicit OfContainer(Storage&& block) noexcept : handle(std::move(block)) {}
  ~OfContainer() {}
  Storage handle;
};

// A size class that is aligned so far holds no less, and a budget shall count what is taken.
std::size_t charged_bytes(std::size_t bytes, std::size_t alignment) noexcept {
  if (alignment <= detail::unit_bytes || bytes > detail::max_request_bytes) return bytes;
  return detail::round_up(bytes == 0 ? 1 : bytes, alignment);
}

}  // namespace

MemoryRefused::~MemoryRefused() = default;

const char* MemoryRefused::what() const noexcept { return "a memory scope refused a block"; }

PmrResource::~PmrResource() = default;

void* PmrResource::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (!std::has_single_bit(alignment) || alignment > largest_alignment) {
    throw MemoryRefused(
        {ErrorCode::invalid_argument,
         "a container asked for an alignment that is no power of two up to 64 KiB"});
  }
  if (scope_.node_ == nullptr)
    throw MemoryRefused({ErrorCode::closed, "the scope handle is empty"});
  Result<Storage> block = scope_.node_->allocate(charged_bytes(bytes, alignment), alignment);
  if (!block) throw MemoryRefused(block.error());
  return OfContainer(*std::move(block)).handle.data();
}

void PmrResource::do_deallocate(void* block, [[maybe_unused]] std::size_t bytes,
                                [[maybe_unused]] std::size_t alignment) {
  detail::Block* record = detail::PoolCore::block_at(block);
  assert(record != nullptr && record->size_bytes == charged_bytes(bytes, alignment) &&
         "not a block of a scope, or given back with another size");
  detail::destroy_storage(record);
}

bool PmrResource::do_is_equal(const std::pmr::memory_resource& other) const noexcept {
  const auto* resource = dynamic_cast<const PmrResource*>(&other);
  return resource != nullptr && resource->scope_ == scope_;
}

}  // namespace frys
