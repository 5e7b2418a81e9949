// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/os_memory.hpp"

#include <sys/mman.h>

#include <cerrno>

#include "frys/core/machine.hpp"

namespace frys::detail {
namespace {

void count(SystemCallCount& calls) noexcept { calls.fetch_add(1, std::memory_order_relaxed); }

#if defined(__clang__) || defined(__GNUC__)
// The pages are poisoned for AddressSanitizer while nobody owns them.
__attribute__((no_sanitize("address")))
#endif
void touch_each_page(void* pages, std::size_t bytes) noexcept {
  auto* bytes_of = static_cast<volatile unsigned char*>(pages);
  for (std::size_t at = 0; at < bytes; at += machine().page_bytes) bytes_of[at] = 0;
}

}  // namespace

void* map_pages(std::size_t bytes, std::size_t alignment, SystemCallCount& calls) noexcept {
  const std::size_t page_bytes = machine().page_bytes;
  const std::size_t size = round_up(bytes, page_bytes);
  const std::size_t slack = alignment > page_bytes ? alignment - page_bytes : 0;
  count(calls);
  void* mapped = ::mmap(nullptr, size + slack, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (slack == 0) return mapped;
  const auto start = reinterpret_cast<std::uintptr_t>(mapped);
  const std::uintptr_t aligned = round_up(start, alignment);
  if (const std::size_t front = aligned - start; front != 0) {
    count(calls);
    ::munmap(mapped, front);
  }
  if (const std::size_t back = start + slack - aligned; back != 0) {
    count(calls);
    ::munmap(reinterpret_cast<void*>(aligned + size), back);
  }
  return reinterpret_cast<void*>(aligned);
}

void unmap_pages(void* pages, std::size_t bytes, SystemCallCount& calls) noexcept {
  count(calls);
  ::munmap(pages, round_up(bytes, machine().page_bytes));
}

void decommit_pages(void* pages, std::size_t bytes, SystemCallCount& calls) noexcept {
  count(calls);
  ::madvise(pages, bytes, MADV_DONTNEED);
}

void advise_large_pages(void* pages, std::size_t bytes) noexcept {
  ::madvise(pages, bytes, MADV_HUGEPAGE);
}

bool populate_pages(void* pages, std::size_t bytes, SystemCallCount& calls) noexcept {
#ifdef MADV_POPULATE_WRITE
  constexpr int advice = MADV_POPULATE_WRITE;
#else
  constexpr int advice = 23;  // Linux 5.14, not yet in older C library headers
#endif
  count(calls);
  int rc = ::madvise(pages, bytes, advice);
  while (rc != 0 && (errno == EAGAIN || errno == EINTR)) rc = ::madvise(pages, bytes, advice);
  if (rc == 0) return true;
  if (errno == ENOMEM) return false;
  touch_each_page(pages, bytes);
  return true;
}

}  // namespace frys::detail
