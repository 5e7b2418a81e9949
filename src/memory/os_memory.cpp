// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/os_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <limits>

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

void advise_huge(void* pages, std::size_t bytes, bool huge, SystemCallCount& calls) noexcept {
  count(calls);
  ::madvise(pages, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

std::size_t mappable_bytes() noexcept {
  constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return unlimited;
  // The first number of the file is the size of all mappings, in pages.
  char text[64];
  const std::size_t length = read_file("/proc/self/statm", text, sizeof(text));
  std::size_t mapped_pages = 0;
  std::from_chars(text, text + length, mapped_pages);
  const std::size_t mapped_bytes = mapped_pages * machine().page_bytes;
  return limit.rlim_cur > mapped_bytes ? limit.rlim_cur - mapped_bytes : 0;
}

bool overcommits() noexcept {
  char text[8];
  return read_file("/proc/sys/vm/overcommit_memory", text, sizeof(text)) == 0 || text[0] != '2';
}

std::size_t read_file(const char* path, char* text, std::size_t bytes) noexcept {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t length = ::read(file, text, bytes);
  ::close(file);
  return length > 0 ? static_cast<std::size_t>(length) : 0;
}

}  // namespace frys::detail
