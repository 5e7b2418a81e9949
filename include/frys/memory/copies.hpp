// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Counts every copy of tensor bytes that the library makes, so that "a hand-off copies nothing" is
// something a test can hold and a report can print.
//
//   frys::CopyStats before = frys::copy_stats();
//   hand_over(view);
//   assert(frys::copy_stats().copies == before.copies);

#pragma once

#include <cstddef>
#include <cstdint>

#include "frys/core/export.hpp"
#include "frys/memory/storage.hpp"

namespace frys {

/// Totals of this process since it started.
struct CopyStats {
  std::uint64_t copies = 0;
  std::uint64_t bytes = 0;
};

/// Counts one copy of `bytes` tensor bytes, for the process and for the scope that
/// `destination` was allocated from (none when null or wrapped). Every path that copies calls it.
/// Threads: safe. Cost: two relaxed atomic additions, and two for each scope up to the root.
FRYS_API void note_copy(const Storage* destination, std::size_t bytes) noexcept;

/// Threads: safe; the two totals are read one after the other.
FRYS_API CopyStats copy_stats() noexcept;

}  // namespace frys
