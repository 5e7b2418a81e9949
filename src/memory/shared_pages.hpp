// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Pages that other processes can map, one file in memory a range (shared_file.hpp).
//
// In a forked child every member but `map` does nothing for the parent's ranges: they are not
// mapped there, and to give pages back would take them from the parent.

#pragma once

#include "memory/page_source.hpp"

namespace frys::detail {

/// Threads: every member is safe.
class SharedPages final : public PageSource {
 public:
  void* map(std::size_t bytes, std::size_t alignment) noexcept override;
  void unmap(void* pages, std::size_t bytes) noexcept override;
  void decommit(void* pages, std::size_t bytes) noexcept override;
  bool populate(void* pages, std::size_t bytes) noexcept override;
  /// Takes memory at once where the system counts what it lends (`vm.overcommit_memory` = 2): a
  /// page of a file that finds none when it is touched is a fault (SIGBUS), not a refusal.
  bool commit(void* pages, std::size_t bytes) noexcept override;
  /// 16 GiB: a reader maps a segment as a whole, and may have few addresses.
  [[nodiscard]] std::size_t most_bytes_at_once() const noexcept override {
    return std::size_t{16} << 30;
  }
  /// Never: what is not touched shall take no memory.
  void advise_huge_pages(void*, std::size_t, bool) noexcept override {}
};

}  // namespace frys::detail
