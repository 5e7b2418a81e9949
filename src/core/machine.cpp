// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/machine.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "core/cgroup.hpp"
#include "core/first_made.hpp"

namespace frys {
namespace {

std::size_t affine_cores() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::size_t>(std::max(CPU_COUNT(&set), 1));
}

MachineInfo probe() noexcept {
  const detail::CgroupLimits limits = detail::read_cgroup_limits("");
  MachineInfo info{};
  info.page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  info.cores = affine_cores();
  if (limits.cores) {
    const auto quota = static_cast<std::size_t>(std::ceil(*limits.cores));
    info.cores = std::clamp<std::size_t>(quota, 1, info.cores);
  }
  info.memory_bytes = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) * info.page_bytes;
  if (limits.memory_bytes) info.memory_bytes = std::min(info.memory_bytes, *limits.memory_bytes);
  return info;
}

}  // namespace

const MachineInfo& machine() noexcept {
  static constinit detail::FirstMade<MachineInfo> info;
  return info.get(probe);
}

}  // namespace frys
