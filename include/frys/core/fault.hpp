// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Failures on demand, for tests: a part asks `faults->check("part.point")` where the world could
// refuse, and a test decides which of those questions is answered with an error.
//
//   frys::FaultInjector faults;
//   faults.fail("experience.write", 3, frys::Status(frys::ErrorCode::io_error, "disk full"));

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "frys/core/status.hpp"

namespace frys {

/// Decides which named points fail. Threads: safe. Cost of `check`: a lock; parts hold a null
/// pointer outside tests and pay one branch.
class FRYS_API FaultInjector {
 public:
  FaultInjector();
  ~FaultInjector();
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;

  /// The `nth` check of `point` from now (1 is the next) fails with `status`, and so do the
  /// `times - 1` after it.
  void fail(std::string_view point, std::uint64_t nth, Status status, std::uint64_t times = 1);
  /// Success, or what was armed for this visit of `point`.
  Status check(std::string_view point) noexcept;
  /// How often `point` was checked since construction.
  [[nodiscard]] std::uint64_t visits(std::string_view point) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
