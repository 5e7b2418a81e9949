// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Size classes. Up to 32 KiB four an octave, cut from slabs: 64, 128, 192, 256, 320, 384, 448, 512,
// 640, … Then up to 1 MiB eight an octave, in whole granules of the page heap, each block a run of
// its own: 36 KiB, 40 KiB, … 64 KiB, 72 KiB, …
// The spacing is that of a floating point number with two and three bits of mantissa (as in
// mimalloc and jemalloc): above 512 B a block wastes less than a fifth of itself, above 32 KiB less
// than a ninth.

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace frys::detail {

inline constexpr std::size_t unit_bytes = 64;         ///< Of accounting and of alignment.
inline constexpr std::size_t heap_page_bytes = 4096;  ///< What slabs and runs are made of.
inline constexpr std::size_t largest_slab_class_bytes = std::size_t{32} << 10;
inline constexpr std::size_t largest_class_bytes = std::size_t{1} << 20;
inline constexpr std::uint32_t most_slab_pages = 64;  ///< A slab's cold pages are a 64-bit mask.

/// How many 64-byte units a request is charged; a zero-byte request takes one.
[[nodiscard]] constexpr std::uint64_t units_of(std::size_t bytes) noexcept {
  return bytes == 0 ? 1 : (bytes - 1) / unit_bytes + 1;
}

/// How many pages of the heap hold so many bytes.
[[nodiscard]] constexpr std::size_t heap_pages_of(std::size_t bytes) noexcept {
  return bytes / heap_page_bytes + (bytes % heap_page_bytes != 0 ? 1 : 0);
}

/// The class of a count of units ≥ 1 that a slab serves.
[[nodiscard]] constexpr std::size_t class_of_units(std::uint64_t units) noexcept {
  const std::uint64_t last = units - 1;
  if (last < 4) return static_cast<std::size_t>(last);
  const auto shift = static_cast<std::size_t>(std::bit_width(last)) - 3;
  return shift * 4 + static_cast<std::size_t>(last >> shift);
}

/// Classes below this one are cut from slabs, the others are runs of their own.
inline constexpr std::size_t slab_classes =
    class_of_units(largest_slab_class_bytes / unit_bytes) + 1;

/// The class of a count of pages that is too large for a slab.
[[nodiscard]] constexpr std::size_t class_of_pages(std::uint64_t pages) noexcept {
  const std::uint64_t last = pages - 1;
  const auto shift = static_cast<std::size_t>(std::bit_width(last)) - 4;
  return slab_classes + shift * 8 + static_cast<std::size_t>(last >> shift) - 8;
}
static_assert(class_of_pages(largest_slab_class_bytes / heap_page_bytes + 1) == slab_classes);

inline constexpr std::size_t size_classes =
    class_of_pages(largest_class_bytes / heap_page_bytes) + 1;

/// Precondition: `bytes` is at most `largest_class_bytes`.
[[nodiscard]] constexpr std::size_t class_of_bytes(std::size_t bytes) noexcept {
  return bytes <= largest_slab_class_bytes ? class_of_units(units_of(bytes))
                                           : class_of_pages(heap_pages_of(bytes));
}

/// The most bytes that a block of the class holds.
[[nodiscard]] constexpr std::size_t bytes_of_class(std::size_t index) noexcept {
  if (index < 8) return (index + 1) * unit_bytes;
  if (index < slab_classes) return ((index % 4 + 5) << (index / 4 - 1)) * unit_bytes;
  const std::size_t step = index - slab_classes;
  return ((step % 8 + 9) << (step / 8)) * heap_page_bytes;
}

inline constexpr std::size_t most_depot_chains = 32;

/// How one class is cut. A class of runs has a slab of one block, which is the run itself.
struct ClassShape {
  std::uint32_t block_bytes;
  std::uint32_t slab_pages;
  std::uint32_t slab_blocks;
  std::uint32_t magazine_blocks;  ///< Most free blocks a thread keeps: 128 KiB, at least two.
  std::uint32_t depot_chains;     ///< Most chains of half a magazine kept: up to 2 MiB.
  std::uint32_t empty_slabs;      ///< Most slabs kept that nobody uses: up to 256 KiB.
};

/// The smallest slab that holds four blocks or more and wastes at most a sixteenth: a class that is
/// seldom used costs little, and one that is used much has many slabs.
[[nodiscard]] constexpr std::uint32_t slab_pages_of(std::size_t block_bytes) noexcept {
  std::uint32_t pages = 4;
  for (; pages < most_slab_pages; ++pages) {
    const std::size_t bytes = pages * heap_page_bytes;
    if (bytes / block_bytes >= 4 && (bytes % block_bytes) * 16 <= bytes) break;
  }
  return pages;
}

[[nodiscard]] constexpr ClassShape shape_of_class(std::size_t index) noexcept {
  const std::size_t block = bytes_of_class(index);
  const bool in_slabs = index < slab_classes;
  const std::uint32_t pages =
      in_slabs ? slab_pages_of(block) : static_cast<std::uint32_t>(block / heap_page_bytes);
  const std::size_t magazine = std::clamp<std::size_t>((std::size_t{128} << 10) / block, 2, 256);
  const std::size_t chains = (std::size_t{2} << 20) / (block * (magazine / 2));
  const std::size_t idle = (std::size_t{256} << 10) / (pages * heap_page_bytes);
  return {.block_bytes = static_cast<std::uint32_t>(block),
          .slab_pages = pages,
          .slab_blocks = static_cast<std::uint32_t>(pages * heap_page_bytes / block),
          .magazine_blocks = static_cast<std::uint32_t>(magazine),
          .depot_chains =
              static_cast<std::uint32_t>(in_slabs ? std::min(chains, most_depot_chains) : 0),
          .empty_slabs = static_cast<std::uint32_t>(in_slabs ? idle : 0)};
}

inline constexpr std::array<ClassShape, size_classes> class_shapes = [] {
  std::array<ClassShape, size_classes> shapes{};
  for (std::size_t i = 0; i < size_classes; ++i) shapes[i] = shape_of_class(i);
  return shapes;
}();

}  // namespace frys::detail
