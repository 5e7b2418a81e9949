// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/library_pages.hpp"

#include <algorithm>
#include <cstdint>

#include "frys/core/machine.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t word_alignment = alignof(void*);

void*& word_before(void* pages) noexcept { return static_cast<void**>(pages)[-1]; }

}  // namespace

void* LibraryPages::map(std::size_t bytes, std::size_t alignment) noexcept {
  const std::size_t page_bytes = machine().page_bytes;
  const std::size_t size = round_up(bytes, page_bytes);
  const std::size_t start = std::max(alignment, page_bytes);
  void* block = library_->allocate(size + start, word_alignment);
  if (block == nullptr) return nullptr;
  const std::uintptr_t after_word = reinterpret_cast<std::uintptr_t>(block) + sizeof(void*);
  void* pages = reinterpret_cast<void*>(round_up(after_word, start));
  word_before(pages) = block;
  // What somebody gave back to the library may be touched, and is not zero.
  decommit_pages(pages, size, calls());
  return pages;
}

void LibraryPages::unmap(void* pages, std::size_t) noexcept {
  library_->deallocate(word_before(pages), word_alignment);
}

}  // namespace frys::detail
