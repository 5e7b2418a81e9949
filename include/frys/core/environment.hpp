// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What every part is given from outside, in one place. The kernel fills it once; a test or a
// simulation fills it with its own.
//
//   frys::Environment environment;
//   environment.clock = &manual_clock;

#pragma once

#include <string_view>

#include "frys/core/clock.hpp"
#include "frys/core/executor.hpp"
#include "frys/core/fault.hpp"
#include "frys/core/log.hpp"
#include "frys/core/metrics.hpp"
#include "frys/core/trace.hpp"

namespace frys {

/// Borrowed services; each must outlive the part it is given to. Copy freely.
struct Environment {
  const Clock* clock = &system_clock();     ///< Never null.
  Executor* executor = &inline_executor();  ///< Never null.
  std::uint64_t seed = 0x46727973;          ///< For every random choice; same seed, same choices.
  LogSink* log = nullptr;                   ///< Null: silent.
  MetricsRegistry* metrics = nullptr;       ///< Null: not counted.
  Tracer* tracer = nullptr;                 ///< Null: not traced.
  FaultInjector* faults = nullptr;          ///< Null: nothing fails on demand.

  /// Writes to the sink if there is one that wants `level`.
  void write_log(LogLevel level, std::string_view component,
                 std::string_view message) const noexcept {
    if (log != nullptr && level >= log->threshold()) log->write({level, component, message});
  }
  /// Asks the fault injector, if there is one.
  Status check_fault(std::string_view point) const noexcept {
    return faults == nullptr ? Status() : faults->check(point);
  }
};

}  // namespace frys
