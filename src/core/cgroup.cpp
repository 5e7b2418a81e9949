// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "core/cgroup.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "core/file.hpp"

namespace frys::detail {
namespace {

std::string_view next_field(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return field;
}

std::optional<std::int64_t> to_number(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || value < 0) return std::nullopt;
  return value;
}

std::optional<std::int64_t> read_number(const std::string& path) {
  const auto text = read_small_file(path);
  return text ? to_number(*text) : std::nullopt;
}

template <typename T>
void keep_least(std::optional<T>& least, std::optional<T> value) {
  if (value && (!least || *value < *least)) least = value;
}

// "max 100000" or "150000 100000": quota and period in microseconds.
std::optional<double> read_cpu_max(const std::string& path) {
  const auto text = read_small_file(path);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  const auto quota = to_number(next_field(rest, ' '));
  const auto period = to_number(next_field(rest, '\n'));
  if (!quota || !period || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

// A limit binds everything below it, so every group from this one up to the root counts.
template <typename Visit>
void for_each_ancestor(const std::string& mount, std::string path, Visit visit) {
  while (true) {
    visit(mount + (path == "/" ? "" : path));
    const std::size_t slash = path.find_last_of('/');
    if (path.empty() || path == "/" || slash == std::string::npos) return;
    path = path.substr(0, slash);
  }
}

void read_version2(const std::string& mount, const std::string& path, CgroupLimits& limits) {
  for_each_ancestor(mount, path, [&](const std::string& group) {
    keep_least(limits.cores, read_cpu_max(group + "/cpu.max"));
    // Above `memory.high` a group is slowed down until it is useless, above `memory.max` killed.
    for (const char* limit : {"/memory.max", "/memory.high"}) {
      if (const auto bytes = read_number(group + limit)) {
        keep_least(limits.memory_bytes, std::optional<std::size_t>(*bytes));
      }
    }
  });
}

void read_version1_memory(const std::string& mount, const std::string& path, CgroupLimits& limits) {
  constexpr std::int64_t unlimited = INT64_MAX / 2;  // Version 1 writes a huge number for "none".
  for_each_ancestor(mount, path, [&](const std::string& group) {
    const auto bytes = read_number(group + "/memory.limit_in_bytes");
    if (bytes && *bytes < unlimited) {
      keep_least(limits.memory_bytes, std::optional<std::size_t>(*bytes));
    }
  });
}

void read_version1_cpu(const std::string& mount, const std::string& path, CgroupLimits& limits) {
  for_each_ancestor(mount, path, [&](const std::string& group) {
    const auto quota = read_number(group + "/cpu.cfs_quota_us");
    const auto period = read_number(group + "/cpu.cfs_period_us");
    if (quota && period && *period > 0) {
      keep_least(limits.cores,
                 std::optional<double>(static_cast<double>(*quota) / static_cast<double>(*period)));
    }
  });
}

}  // namespace

std::optional<std::string> cgroup_path(std::string_view proc_self_cgroup,
                                       std::string_view controller) {
  while (!proc_self_cgroup.empty()) {
    std::string_view line = next_field(proc_self_cgroup, '\n');
    next_field(line, ':');  // The hierarchy's number says nothing here.
    std::string_view controllers = next_field(line, ':');
    if (controller.empty() && controllers.empty()) return std::string(line);
    while (!controllers.empty()) {
      if (next_field(controllers, ',') == controller) return std::string(line);
    }
  }
  return std::nullopt;
}

CgroupLimits read_cgroup_limits(const std::string& root) {
  CgroupLimits limits;
  const auto groups = read_small_file(root + "/proc/self/cgroup");
  if (!groups) return limits;
  const std::string mount = root + "/sys/fs/cgroup";
  if (const auto path = cgroup_path(*groups, "")) read_version2(mount, *path, limits);
  if (const auto path = cgroup_path(*groups, "memory")) {
    read_version1_memory(mount + "/memory", *path, limits);
  }
  if (const auto path = cgroup_path(*groups, "cpu")) {
    read_version1_cpu(mount + "/cpu", *path, limits);
  }
  return limits;
}

}  // namespace frys::detail
