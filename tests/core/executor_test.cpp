// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "conformance/executor_suite.hpp"

#include "frys/core/simulation.hpp"

namespace frys::testing {
namespace {

struct Inline {
  static constexpr bool has_timers = false;
  Executor& executor() { return inline_executor(); }
  void run_until(FunctionRef<bool()> done) { ASSERT_TRUE(done()); }
};

struct Simulated {
  static constexpr bool has_timers = true;
  SimulatedExecutor simulation;
  Executor& executor() { return simulation; }
  void run_until(FunctionRef<bool()> done) {
    simulation.run();
    ASSERT_TRUE(done());
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Inline, ExecutorConformance, Inline);
INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, ExecutorConformance, Simulated);

}  // namespace
}  // namespace frys::testing
