// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Size classes, four an octave: 64, 128, 192, 256, 320, 384, 448, 512, 640, … up to 1 MiB.
// The spacing is that of a floating point number with two bits of mantissa (as in mimalloc and
// jemalloc): above 512 B a block wastes less than a fifth of itself.

#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace frys::detail {

inline constexpr std::size_t unit_bytes = 64;          ///< Of accounting and of alignment.
inline constexpr std::size_t pool_page_bytes = 65536;  ///< What slabs and large blocks are made of.
inline constexpr std::size_t largest_class_bytes = std::size_t{1} << 20;

/// How many 64-byte units a request is charged; a zero-byte request takes one.
[[nodiscard]] constexpr std::uint64_t units_of(std::size_t bytes) noexcept {
  return bytes == 0 ? 1 : (bytes - 1) / unit_bytes + 1;
}

/// The class of a count of units ≥ 1.
[[nodiscard]] constexpr std::size_t class_of_units(std::uint64_t units) noexcept {
  const std::uint64_t last = units - 1;
  if (last < 4) return static_cast<std::size_t>(last);
  const auto shift = static_cast<std::size_t>(std::bit_width(last)) - 3;
  return shift * 4 + static_cast<std::size_t>(last >> shift);
}

/// The most units that class holds.
[[nodiscard]] constexpr std::uint64_t units_of_class(std::size_t index) noexcept {
  if (index < 8) return index + 1;
  return static_cast<std::uint64_t>(index % 4 + 5) << (index / 4 - 1);
}

inline constexpr std::size_t size_classes = class_of_units(largest_class_bytes / unit_bytes) + 1;

[[nodiscard]] constexpr std::size_t class_of_bytes(std::size_t bytes) noexcept {
  return class_of_units(units_of(bytes));
}

inline constexpr std::size_t most_depot_chains = 32;

/// How one class is cut: a slab is a run of pool pages.
struct ClassShape {
  std::uint32_t block_bytes;
  std::uint32_t slab_pages;
  std::uint32_t slab_blocks;
  std::uint32_t magazine_blocks;  ///< Most free blocks a thread keeps: up to 512 KiB.
  std::uint32_t depot_chains;     ///< Most chains of half a magazine kept between threads.
  std::uint32_t empty_slabs;      ///< Most slabs kept that nobody uses: up to 2 MiB.
};

/// The smallest slab that holds a fair number of blocks and wastes at most a sixteenth.
[[nodiscard]] constexpr ClassShape shape_of_class(std::size_t index) noexcept {
  const std::uint64_t block = units_of_class(index) * unit_bytes;
  constexpr std::uint64_t most_pages = largest_class_bytes / pool_page_bytes;
  const std::uint64_t fair = std::uint64_t{largest_class_bytes} / 2 / block;
  const std::uint64_t least = fair > 8 ? 8 : fair < 1 ? 1 : fair;
  std::uint64_t pages = 1;
  for (; pages < most_pages; ++pages) {
    const std::uint64_t bytes = pages * pool_page_bytes;
    if (bytes / block >= least && (bytes % block) * 16 <= bytes) break;
  }
  const std::uint64_t fits = (std::uint64_t{512} << 10) / block;
  const std::uint64_t magazine = fits > 256 ? 256 : fits < 2 ? 2 : fits;
  const std::uint64_t chains = (std::uint64_t{8} << 20) / (block * magazine / 2);
  const std::uint64_t idle = (std::uint64_t{2} << 20) / (pages * pool_page_bytes);
  return {.block_bytes = static_cast<std::uint32_t>(block),
          .slab_pages = static_cast<std::uint32_t>(pages),
          .slab_blocks = static_cast<std::uint32_t>(pages * pool_page_bytes / block),
          .magazine_blocks = static_cast<std::uint32_t>(magazine),
          .depot_chains =
              static_cast<std::uint32_t>(chains > most_depot_chains ? most_depot_chains : chains),
          .empty_slabs = static_cast<std::uint32_t>(idle > 4 ? 4 : idle)};
}

inline constexpr std::array<ClassShape, size_classes> class_shapes = [] {
  std::array<ClassShape, size_classes> shapes{};
  for (std::size_t i = 0; i < size_classes; ++i) shapes[i] = shape_of_class(i);
  return shapes;
}();

}  // namespace frys::detail
