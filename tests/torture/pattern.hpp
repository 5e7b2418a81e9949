// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What is written into a block to see later that nobody else wrote there: all of a small block,
// of a larger one both ends and four places that follow from its pattern.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "frys/core/random.hpp"

namespace frys::torture {

inline constexpr std::size_t small_bytes = 512;

// Calls `body(offset, bytes, value)` for each piece, of at most eight bytes; stops at false.
template <typename Body>
bool each_piece(std::size_t bytes, std::uint64_t pattern, Body&& body) {
  if (bytes <= small_bytes) {
    for (std::size_t at = 0; at < bytes; at += 8) {
      if (!body(at, std::min<std::size_t>(8, bytes - at), pattern + at)) return false;
    }
    return true;
  }
  const std::size_t lines = bytes / 64;
  std::uint64_t word = pattern;
  for (int i = 0; i < 4; ++i) {
    word = mix64(word);
    // Below the last line, so that no piece lies over that of the end.
    const std::size_t line = 1 + (lines > 2 ? word % (lines - 2) : 0);
    if (!body(line * 64, std::size_t{8}, pattern + line)) return false;
  }
  return body(std::size_t{0}, std::size_t{8}, pattern) && body(bytes - 8, std::size_t{8}, ~pattern);
}

inline void write_pattern(void* data, std::size_t bytes, std::uint64_t pattern) {
  auto* begin = static_cast<std::byte*>(data);
  each_piece(bytes, pattern, [&](std::size_t at, std::size_t count, std::uint64_t value) {
    std::memcpy(begin + at, &value, count);
    return true;
  });
}

/// The offset of the first piece that differs; `bytes` when all is as it was written.
inline std::size_t first_difference(const void* data, std::size_t bytes, std::uint64_t pattern) {
  const auto* begin = static_cast<const std::byte*>(data);
  std::size_t differs = bytes;
  each_piece(bytes, pattern, [&](std::size_t at, std::size_t count, std::uint64_t value) {
    if (std::memcmp(begin + at, &value, count) == 0) return true;
    differs = at;
    return false;
  });
  return differs;
}

}  // namespace frys::torture
