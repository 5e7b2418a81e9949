// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Pages for a page heap out of another allocator's blocks.
//
// A block is asked for with room to align it here, since what a library aligns by itself is not to
// be trusted (private_heap.hpp), and its address is written into the word before the pages. Its
// whole pages are the heap's alone, so that the system may be told to take their memory back: as
// fresh ones from the system, they take memory only as they are touched.

#pragma once

#include "memory/page_source.hpp"
#include "memory/private_heap.hpp"

namespace frys::detail {

class LibraryPages final : public PageSource {
 public:
  /// Without a library (null) nothing may be asked.
  explicit LibraryPages(const PrivateHeap* library) noexcept : library_(library) {}
  [[nodiscard]] const PrivateHeap* library() const noexcept { return library_; }

  void* map(std::size_t bytes, std::size_t alignment) noexcept override;
  void unmap(void* pages, std::size_t bytes) noexcept override;
  void decommit(void* pages, std::size_t bytes) noexcept override {
    decommit_pages(pages, bytes, calls());
  }
  bool populate(void* pages, std::size_t bytes) noexcept override {
    return populate_pages(pages, bytes, calls());
  }
  /// Does nothing: advice stays with addresses that go back to the library one day.
  void advise_huge_pages(void*, std::size_t, bool) noexcept override {}

 private:
  const PrivateHeap* const library_;
};

}  // namespace frys::detail
