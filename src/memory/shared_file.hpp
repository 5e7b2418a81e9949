// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A file in memory that backs one segment, so that other processes can map it.
//
// Layout: a page with the header; a table with one entry for every 64 bytes of data, 16 bytes each;
// the data, from a multiple of 4 MiB on. The file is sparse: a page takes memory when it is written
// first. The size never changes and is sealed, so who maps the file never meets its end.
//
// The entry of the 64 bytes in which a described block begins holds the block's generation and its
// size; any other entry is 0. The generations of a process count up and are never used again (64
// bits), so that a descriptor can be told from every later one of the same place. Only the owner
// writes.
//
// Threads: the list of files is one for the process. Its lock is a leaf, held for few instructions.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "frys/memory/shared.hpp"
#include "memory/os_memory.hpp"

namespace frys::detail {

inline constexpr std::uint64_t shared_file_magic = 0x31304D4853595246;  // "FRYSHM01", read as bytes
inline constexpr std::size_t shared_line_bytes = 64;
inline constexpr std::size_t shared_data_alignment = std::size_t{4} << 20;

struct SharedHeader {
  std::uint64_t magic = shared_file_magic;
  SegmentId id;
  std::uint64_t data_offset = 0;
  std::uint64_t data_bytes = 0;
};
static_assert(sizeof(SharedHeader) == 40);

/// Where the table begins: behind the largest page that a system has.
inline constexpr std::size_t shared_table_offset = std::size_t{64} << 10;

struct SharedEntry {
  std::atomic<std::uint64_t> generation;
  std::atomic<std::uint64_t> size_bytes;
};
static_assert(sizeof(SharedEntry) == 16 && std::atomic<std::uint64_t>::is_always_lock_free);

/// Where the data of a file begins.
[[nodiscard]] constexpr std::size_t shared_data_offset(std::size_t data_bytes) noexcept {
  const std::size_t table_bytes = data_bytes / shared_line_bytes * sizeof(SharedEntry);
  return round_up(shared_table_offset + table_bytes, shared_data_alignment);
}

/// A file that this process made and has mapped.
struct SharedFile {
  SegmentId id;
  int descriptor = -1;
  std::byte* mapping = nullptr;
  std::size_t mapping_bytes = 0;
  std::byte* data = nullptr;
  std::size_t data_bytes = 0;
  std::atomic<SharedFile*> next{nullptr};

  [[nodiscard]] SharedEntry& entry_of(const void* address) const noexcept {
    const auto line =
        static_cast<std::size_t>(static_cast<const std::byte*>(address) - data) / shared_line_bytes;
    return reinterpret_cast<SharedEntry*>(mapping + shared_table_offset)[line];
  }

  /// Makes, seals and maps a file; its data starts at a multiple of `shared_data_alignment`. Null
  /// when the system refuses: the sizes of files (`RLIMIT_FSIZE`), their number, or addresses.
  static SharedFile* make(std::size_t data_bytes, SystemCallCount& calls) noexcept;
  static void destroy(SharedFile* file, SystemCallCount& calls) noexcept;
};

/// The files of this process. A forked child has none: it has their mappings no more.
namespace shared_files {

/// False when the process cannot be told of forks; then no file may be made.
bool add(SharedFile* file) noexcept;
/// Takes the file out whose data begins at `data`; null when this process has none there.
SharedFile* remove(const void* data) noexcept;
/// The file that the address lies in, or null. It stays as long as the caller holds pages of it.
SharedFile* find(const void* address) noexcept;
/// A new descriptor of the file, closed on exec; −1 with `errno` when it cannot be had.
int duplicate(const SegmentId& id, Access access) noexcept;
/// Gives a block its generation, or finds the one it has. Null: in no file.
SharedFile* describe(const void* block, std::size_t bytes, std::uint64_t& generation) noexcept;
/// The block that begins here goes: no descriptor of it is true any more.
void forget(const void* block) noexcept;

}  // namespace shared_files

}  // namespace frys::detail
