// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/resource.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <string>

#include "frys/core/machine.hpp"
#include "memory/os_memory.hpp"

namespace frys {
namespace {

detail::SystemCallCount system_calls{0};

std::size_t mapped_bytes(std::size_t bytes) { return std::max(bytes, std::size_t{1}); }

}  // namespace

MemoryResource::~MemoryResource() = default;

SystemResource::SystemResource(const Environment& environment) noexcept
    : faults_(environment.faults) {}

Result<void*> SystemResource::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (!std::has_single_bit(alignment)) {
    return Status(ErrorCode::invalid_argument, "an alignment must be a power of two");
  }
  if (bytes > detail::max_request_bytes || alignment > detail::max_request_bytes) {
    return Status(ErrorCode::invalid_argument,
                  "the system was asked for more bytes than can be addressed");
  }
  if (faults_ != nullptr) {
    if (Status status = faults_->check("memory.map"); !status.ok()) return status;
  }
  void* block = detail::map_pages(mapped_bytes(bytes), alignment, system_calls);
  if (block == nullptr) return Status::out_of_memory();
  return block;
}

void SystemResource::deallocate(void* block, std::size_t bytes, std::size_t) noexcept {
  if (block != nullptr) detail::unmap_pages(block, mapped_bytes(bytes), system_calls);
}

Device SystemResource::device() const noexcept { return {}; }

std::string_view SystemResource::name() const noexcept { return "system"; }

std::uint64_t thread_page_faults() noexcept {
  rusage usage{};
  if (::getrusage(RUSAGE_THREAD, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_minflt) + static_cast<std::uint64_t>(usage.ru_majflt);
}

}  // namespace frys
