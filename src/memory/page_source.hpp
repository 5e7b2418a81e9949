// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Where a page heap has its pages from: the seam between the heap's bookkeeping and the system.

#pragma once

#include <cstddef>

#include "memory/os_memory.hpp"

namespace frys::detail {

/// Threads: every member is safe.
class PageSource {
 public:
  virtual ~PageSource() = default;
  /// A range of zero pages at a multiple of `alignment`, which take memory as they are touched.
  /// Null when refused.
  virtual void* map(std::size_t bytes, std::size_t alignment) noexcept = 0;
  /// Takes back a range as `map` gave it.
  virtual void unmap(void* pages, std::size_t bytes) noexcept = 0;
  /// Gives memory back and keeps the addresses; the pages read as zero again.
  virtual void decommit(void* pages, std::size_t bytes) noexcept = 0;
  /// Touches pages that nobody uses. False when the system has no memory for them.
  virtual bool populate(void* pages, std::size_t bytes) noexcept = 0;
  /// Makes sure that touching the pages, which nobody touched yet, will find memory. False when
  /// there is none. Asked before they are handed out, and need not touch them. Private pages need
  /// nothing: the system counted them when they were mapped.
  virtual bool commit(void* pages, std::size_t bytes) noexcept {
    static_cast<void>(pages);
    static_cast<void>(bytes);
    return true;
  }
  /// No use asking `map` for more, unless a request needs it.
  [[nodiscard]] virtual std::size_t most_bytes_at_once() const noexcept {
    return max_request_bytes;
  }
  /// Says whether huge pages shall back the range. Only advice.
  virtual void advise_huge_pages(void* pages, std::size_t bytes, bool huge) noexcept = 0;

  /// Calls to the system so far; the heap adds those for its own bookkeeping.
  [[nodiscard]] SystemCallCount& calls() noexcept { return calls_; }

 private:
  SystemCallCount calls_{0};
};

/// Private pages of this process.
class AnonymousPages final : public PageSource {
 public:
  void* map(std::size_t bytes, std::size_t alignment) noexcept override {
    return map_pages(bytes, alignment, calls());
  }
  void unmap(void* pages, std::size_t bytes) noexcept override {
    unmap_pages(pages, bytes, calls());
  }
  void decommit(void* pages, std::size_t bytes) noexcept override {
    decommit_pages(pages, bytes, calls());
  }
  bool populate(void* pages, std::size_t bytes) noexcept override {
    return populate_pages(pages, bytes, calls());
  }
  void advise_huge_pages(void* pages, std::size_t bytes, bool huge) noexcept override {
    advise_huge(pages, bytes, huge, calls());
  }
};

}  // namespace frys::detail
