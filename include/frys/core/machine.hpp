// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What this machine lets the process have: cores and memory under affinity and cgroup limits.
//
//   std::size_t workers = frys::machine().cores;

#pragma once

#include <cstddef>
#include <cstdint>

#include "frys/core/export.hpp"

namespace frys {

struct MachineInfo {
  std::size_t cores;         ///< Usable at once: affinity mask, cut by the cgroup's CPU quota; ≥ 1.
  std::size_t memory_bytes;  ///< Physical memory, cut by the cgroup's limit (v1 and v2).
  std::size_t page_bytes;    ///< The size of a small page.
};

/// Read once, at the first call, then cached. Threads: safe. Cost: O(1) once warm.
FRYS_API const MachineInfo& machine() noexcept;

}  // namespace frys
