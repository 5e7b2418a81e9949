// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace frys::detail {

/// Limits of the control group of this process, read below `root` ("" on a real machine; a test
/// gives a folder that looks like one). Version 1 and 2 of the interface; nothing where unlimited.
struct CgroupLimits {
  std::optional<double> cores;
  std::optional<std::size_t> memory_bytes;
};
CgroupLimits read_cgroup_limits(const std::string& root);

/// The path of this process's group for `controller` ("" for version 2) out of /proc/self/cgroup.
std::optional<std::string> cgroup_path(std::string_view proc_self_cgroup,
                                       std::string_view controller);

}  // namespace frys::detail
