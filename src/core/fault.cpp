// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/fault.hpp"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace frys {

struct FaultInjector::Impl {
  struct Armed {
    std::uint64_t first;  // The visits [first, last] of the point fail.
    std::uint64_t last;
    Status status;
  };
  struct Point {
    std::uint64_t visits = 0;
    std::vector<Armed> armed;
  };

  mutable std::mutex mutex;
  std::map<std::string, Point, std::less<>> points;

  Point& at(std::string_view name) {
    auto found = points.find(name);
    if (found == points.end()) found = points.emplace(std::string(name), Point{}).first;
    return found->second;
  }
};

FaultInjector::FaultInjector() : impl_(std::make_unique<Impl>()) {}
FaultInjector::~FaultInjector() = default;

void FaultInjector::fail(std::string_view point, std::uint64_t nth, Status status,
                         std::uint64_t times) {
  const std::lock_guard lock(impl_->mutex);
  Impl::Point& place = impl_->at(point);
  const std::uint64_t first = place.visits + nth;
  place.armed.push_back({first, first + times - 1, std::move(status)});
}

Status FaultInjector::check(std::string_view point) noexcept {
  try {
    const std::lock_guard lock(impl_->mutex);
    Impl::Point& place = impl_->at(point);
    const std::uint64_t visit = ++place.visits;
    for (const Impl::Armed& armed : place.armed) {
      if (visit >= armed.first && visit <= armed.last) return armed.status;
    }
    return {};
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

std::uint64_t FaultInjector::visits(std::string_view point) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->points.find(point);
  return found == impl_->points.end() ? 0 : found->second.visits;
}

}  // namespace frys
