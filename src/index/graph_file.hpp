// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The form in which a graph is saved, little-endian. Vectors are not in it: whoever loads it has
// them, or has them no more, knows them by their keys, and a checksum of each tells whether they
// are the same. Codes are made of them again.
//
//   header    GraphFileHeader; its last word is the CRC32C of what precedes it
//   means     f32 [dimension]                 of the codes' scale
//   keys      u64 [nodes]                     ascending
//   sums      u32 [nodes]                     CRC32C of the vectors
//   nodes     {u32 twin, u32 block} [nodes]   as in graph.hpp
//   levels    u8 [nodes]
//   links     u32 [nodes][2 × links]
//   blocks    u32 [blocks][links]
//
// Behind each but the header stands its CRC32C, u32.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace frys::index {

struct GraphFileHeader {
  static constexpr char right_magic[8] = {'F', 'R', 'Y', 'S', 'G', 'R', 'P', 'H'};
  static constexpr std::uint32_t right_version = 2;

  char magic[8];
  std::uint32_t version;
  std::uint32_t dimension;
  std::uint32_t metric;
  std::uint32_t codes;
  std::uint32_t links;
  std::uint32_t build_effort;
  std::uint64_t seed;
  std::uint64_t nodes;
  std::uint64_t blocks;
  std::uint32_t entry_node;
  std::int32_t entry_level;
  float longest_square;
  float step;
  std::uint32_t unused;
  std::uint32_t crc;
};
/// In the order above.
enum GraphFileSection : std::size_t {
  section_means,
  section_keys,
  section_sums,
  section_nodes,
  section_levels,
  section_links,
  section_blocks,
  graph_file_sections,
};
using GraphFileSizes = std::array<std::size_t, graph_file_sections>;
using GraphFileSections = std::array<std::span<const std::byte>, graph_file_sections>;

static_assert(sizeof(GraphFileHeader) == 80 && std::is_trivially_copyable_v<GraphFileHeader>);

}  // namespace frys::index
