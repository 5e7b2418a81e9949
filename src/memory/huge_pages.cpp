// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/huge_pages.hpp"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "memory/memory_tools.hpp"
#include "memory/os_memory.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t probe_bytes = std::size_t{2} << 20;
constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;
constexpr std::uint64_t refused = ~std::uint64_t{0};

// A stride that meets another small page each time and comes to every one.
constexpr std::size_t stride_bytes = 37 * 4096 + 64;
constexpr std::size_t reads = 8192;

// Of this thread's own time, so that others who want the core decide nothing.
std::uint64_t thread_time_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t fill_and_read_ns(bool huge) {
  SystemCallCount calls{0};
  void* pages = map_pages(probe_bytes, huge_page_bytes, calls);
  if (pages == nullptr) return refused;
  advise_huge(pages, probe_bytes, huge, calls);
  const std::uint64_t begin = thread_time_ns();
  auto* words = static_cast<volatile std::uint64_t*>(pages);
  for (std::size_t i = 0; i < probe_bytes / sizeof(*words); ++i) words[i] = i;
  std::uint64_t sum = 0;
  for (std::size_t i = 0, at = 0; i < reads; ++i, at = (at + stride_bytes) % probe_bytes) {
    sum += words[at / sizeof(*words)];
  }
  const std::uint64_t end = thread_time_ns();
  words[0] = sum;  // so that the reads are needed
  unmap_pages(pages, probe_bytes, calls);
  return end - begin;
}

bool probe() {
  if (has_shadow_memory()) return false;
  char text[64];
  const std::size_t length =
      read_file("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text));
  if (!huge_pages_enabled({text, length})) return false;
  return huge_pages_pay(measure_huge_pages());
}

}  // namespace

bool huge_pages_enabled(std::string_view text) noexcept {
  return text.find("[madvise]") != std::string_view::npos ||
         text.find("[always]") != std::string_view::npos;
}

HugePageTimes measure_huge_pages() noexcept {
  HugePageTimes times{refused, refused};
  // By turns, and the better of two each, so that one disturbance decides nothing.
  for (int round = 0; round < 2; ++round) {
    times.small_ns = std::min(times.small_ns, fill_and_read_ns(false));
    times.huge_ns = std::min(times.huge_ns, fill_and_read_ns(true));
  }
  if (times.small_ns == refused || times.huge_ns == refused) return {0, 0};
  return times;
}

bool huge_pages_pay_here() noexcept {
  enum Answer : std::uint8_t { unknown, no, yes };
  static constinit std::atomic<std::uint8_t> answer{unknown};
  std::uint8_t known = answer.load(std::memory_order_relaxed);
  if (known != unknown) return known == yes;
  // Nobody waits for who measures, least of all a child that was forked meanwhile and has no such
  // thread: it measures for itself, and the first answer stands.
  const std::uint8_t measured = probe() ? yes : no;
  const bool first = answer.compare_exchange_strong(known, measured, std::memory_order_relaxed);
  return (first ? measured : known) == yes;
}

}  // namespace frys::detail
