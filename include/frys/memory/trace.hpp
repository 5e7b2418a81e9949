// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a manager's scopes and blocks did, recorded into a file and read again.
//
//   frys::Status status = memory.start_trace("run.frystrace");
//   …                                               // the work
//   status = memory.stop_trace();
//   frys::Result<frys::MemoryTrace> trace = frys::MemoryTrace::read("run.frystrace");
//
// The file, version 1. Numbers are LEB128: seven bits a byte, low ones first, the top bit set on
// all bytes but the last. It begins with the eight bytes "frystrce" and the version. Then come
// records, each of
//   one byte: the kind in the low four bits, the thread in the high four; a thread from 15 on has
//     15 there and thread - 15 behind. Threads are numbered as they come.
//   the time since the record before, in ns
//   opened     1: parent's number + 1 (0: it has none), budget + 1 in bytes (0: unlimited), length
//                 of the name in bytes, the name. Scopes are numbered in this order.
//   closed     2: the scope
//   allocated  3: the scope, bytes asked for. Blocks are numbered in this order.
//   freed      4: how many blocks before the next one to be numbered it was, from 1 on
//   freed_old  5: bytes, of a block from before the recording
//   reserved   6: the scope, bytes
//   refused    7: the scope, bytes, 0 by a budget or 1 by the system
//   end        8: how many records came before; then the FNV-1a hash (Fowler, Noll, Vo; 64 bits) of
//                 all bytes so far, in eight bytes, low one first, and nothing more.
// A file without its end is one whose recording was cut off.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "frys/core/export.hpp"
#include "frys/core/result.hpp"

namespace frys {

/// Values are those of the file.
enum class MemoryEventKind : std::uint8_t {
  opened = 1,
  closed = 2,  ///< Scopes below are closed before.
  allocated = 3,
  freed = 4,
  freed_old = 5,
  reserved = 6,
  refused = 7,
};

inline constexpr std::uint32_t no_scope_number = std::numeric_limits<std::uint32_t>::max();

/// One thing that happened. Events of one block, and those of one thread, are in the order they
/// happened in; a block whose request raced its scope's close may come after it.
struct MemoryEvent {
  MemoryEventKind kind = MemoryEventKind::allocated;
  bool by_system = false;  ///< Of `refused`: the budgets allowed it.
  std::uint32_t thread = 0;
  std::uint32_t scope = no_scope_number;  ///< An index into `scopes`; none of `freed_old`.
  std::uint64_t block = 0;                ///< Of `allocated` and `freed`.
  std::uint64_t bytes = 0;                ///< As asked for; 0 of `opened` and `closed`.
  std::int64_t time_ns = 0;               ///< Since the recording began.
};

struct MemoryTraceScope {
  std::string name;
  std::uint32_t parent = no_scope_number;  ///< None: the manager's root.
  std::size_t budget_bytes = 0;            ///< `unlimited_bytes` for none.
};

/// A trace in memory. Threads: a value like any other.
struct FRYS_API MemoryTrace {
  std::vector<MemoryTraceScope> scopes;  ///< The root first; a parent before its children.
  std::vector<MemoryEvent> events;
  std::uint32_t threads = 0;
  std::uint64_t blocks = 0;

  /// Errors: io_error, corruption (`path: byte 17: what is wrong`), out_of_memory.
  static Result<MemoryTrace> read(const std::string& path);
  /// The same of bytes in memory; any bytes are safe. `name` is what messages call them.
  static Result<MemoryTrace> parse(std::span<const std::byte> bytes, const std::string& name);

  /// The most bytes live at once, each block rounded up to 64. Cost: O(events).
  [[nodiscard]] std::uint64_t peak_bytes() const noexcept;
};

}  // namespace frys
