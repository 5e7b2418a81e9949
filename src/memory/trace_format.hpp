// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the writer and the reader of allocation traces share. The format is in
// frys/memory/trace.hpp.

#pragma once

#include <cstdint>
#include <string_view>

namespace frys::detail {

inline constexpr std::string_view trace_magic = "frystrce";
inline constexpr std::uint8_t trace_version = 1;
inline constexpr std::uint8_t trace_end = 8;        ///< The kind of the last record.
inline constexpr std::uint32_t thread_behind = 15;  ///< In the first byte: the thread follows.

/// FNV-1a, 64 bits. Begins with `fnv_start`.
inline constexpr std::uint64_t fnv_start = 0xcbf29ce484222325;
inline std::uint64_t fnv_1a(std::uint64_t hash, std::string_view bytes) noexcept {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace frys::detail
