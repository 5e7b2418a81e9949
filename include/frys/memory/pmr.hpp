// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A scope's memory for the standard library's containers: what they hold is charged to the scope's
// budget. A block costs at least 64 bytes, so put one of the standard's pools between for nodes and
// short strings, as here.
//
//   frys::PmrResource blocks(step);  // step: a frys::MemoryScope
//   std::pmr::unsynchronized_pool_resource small({.largest_required_pool_block = 512}, &blocks);
//   std::pmr::unordered_map<int, std::pmr::string> names(&small);
//   try { names[7] = "seven"; } catch (const frys::MemoryRefused& refused) { refused.status(); }

#pragma once

#include <cstddef>
#include <memory_resource>
#include <new>
#include <utility>

#include "frys/core/export.hpp"
#include "frys/core/status.hpp"
#include "frys/memory/scope.hpp"

namespace frys {

/// What `PmrResource` throws. A container has no other way to hear of a refusal, so this is the one
/// exception that leaves the library; only hosts that use the adaptor meet it.
class FRYS_API MemoryRefused final : public std::bad_alloc {
 public:
  explicit MemoryRefused(Status why) noexcept : status_(std::move(why)) {}
  ~MemoryRefused() override;
  [[nodiscard]] const char* what() const noexcept override;
  /// Who refused and why, see `MemoryScope::allocate`.
  [[nodiscard]] const Status& status() const noexcept { return status_; }

 private:
  Status status_;
};

/// A `std::pmr::memory_resource` over one scope. Blocks are 64-byte aligned, or more when asked, up
/// to 64 KiB; one that is aligned to more is charged as a multiple of it. Zero bytes are legal and
/// cost 64. What a container still holds when the scope closes stays valid and is charged to the
/// parent; to get more it must move to another resource.
/// The adaptor holds a handle, so the scope does not close for want of one while the adaptor lives.
/// Two are equal when they are of the same scope.
/// `allocate` throws `MemoryRefused` for every error of `MemoryScope::allocate`, and for an
/// alignment beyond 64 KiB or that is not a power of two.
/// Threads: safe; any thread may free what another allocated. Cost: as `MemoryScope::allocate`;
/// to free also finds the block's record by its address.
class FRYS_API PmrResource final : public std::pmr::memory_resource {
 public:
  explicit PmrResource(MemoryScope scope) noexcept : scope_(std::move(scope)) {}
  PmrResource(const PmrResource&) = delete;
  PmrResource& operator=(const PmrResource&) = delete;
  ~PmrResource() override;

  [[nodiscard]] const MemoryScope& scope() const noexcept { return scope_; }

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override;

  const MemoryScope scope_;
};

}  // namespace frys
